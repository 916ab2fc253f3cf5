"""`remote` against a real OpenSSH server, as another user: what is done, and what happens when something breaks."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.base.errors import RemoteLinkError
from profiler.machine.records import HardwareInfo
from profiler.measure.remote.connect import parse_address
from profiler.measure.remote.measure import Order, measure
from profiler.measure.remote.runs import plan_run
from profiler.session.file import load_session
from profiler.session.records import EndReason, Session
from scripts.evidence.remote_kills import blocks, kill_at_random
from tests.conftest import Cli, Outcome
from tests.measure.remote.sshd import Server
from tests.zips import zip_of

pytestmark = pytest.mark.slow

SHORT = ("--runtime", "numpy", "--passes", "3", "--no-measure")
LONG = ("--runtime", "numpy", "--looks", "12", "--sets", "1", "--no-measure")
LONGER = ("--runtime", "numpy", "--looks", "24", "--sets", "1", "--no-measure")
WAIT_S = 120.0
Found = TypeVar("Found")


@pytest.fixture
def remote(server: Server, wheelhouse: Path, small: Path, tmp_path: Path, cli: Cli) -> Callable[..., Outcome]:
    """`remote` for the small bundle, into the folder `out`."""

    def run(*options: object, output: str = "out", host: str = "board", bundle: Path = small) -> Outcome:
        return cli(*_words(server, wheelhouse), host, bundle, "-o", tmp_path / output, *options)

    return run


@pytest.fixture
def started(server: Server, wheelhouse: Path, small: Path, tmp_path: Path) -> Iterator[Callable[..., "Remote"]]:
    """The same as a process of its own, which can be interrupted."""
    with contextlib.ExitStack() as stack:

        def start(*options: str, output: str = "out") -> Remote:
            words = _words(server, wheelhouse)
            command = [
                sys.executable,
                "-m",
                "profiler",
                *words,
                "board",
                str(small),
                "-o",
                str(tmp_path / output),
                *options,
            ]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return Remote(process, server)

        yield start


class Remote:
    """A call that goes on, and its run on the board."""

    def __init__(self, process: "subprocess.Popen[str]", server: Server) -> None:
        self.process = process
        self._base = server.user_home / ".cache/layout-profiler/remote"

    def wait_for_blocks(self, count: int = 2) -> Session:
        """Until the run has measured something."""
        return _wait(lambda: self._session(count), "the run has not begun")

    def kill_run(self) -> None:
        """As the kernel does when memory runs out."""
        (pid,) = (self._base / "runs").glob("*/pid")
        os.killpg(int(pid.read_text()), signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        text, _ = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, text

    def _session(self, count: int) -> Session | None:
        assert self.process.poll() is None, self.process.communicate()[0]
        for path in (self._base / "runs").glob("*/session.jsonl"):
            session = load_session(path)
            if len(session.blocks) >= count and session.end is None:
                return session
        return None


def _words(server: Server, wheelhouse: Path) -> list[str]:
    return ["remote", "--python", server.python, "--wheelhouse", str(wheelhouse)]


def _wait(what: Callable[[], Found | None], complaint: str) -> Found:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = what()
        if found is not None:
            return found
        time.sleep(0.05)
    pytest.fail(complaint)


# ------------------------------------------------------------ the whole way


def test_a_bundle_is_measured_there_and_only_what_is_missing_is_sent(
    remote: Callable[..., Outcome], server: Server, small: Path, tmp_path: Path
) -> None:
    first = remote(*SHORT, "--seed", "7", "--margin", "2.9%")
    assert first.status == 0, first.err
    session = load_session(tmp_path / "out/session.jsonl")
    assert session.end is not None
    assert session.end.reason is EndReason.COMPLETE
    assert session.header.options.seed == 7
    assert session.header.options.margin == pytest.approx(0.029)
    assert session.header.options.runtimes == ("numpy",)
    hardware = msgspec.json.decode((tmp_path / "out/hardware.json").read_bytes(), type=HardwareInfo)
    assert hardware == session.header.hardware
    assert "started the run" in first.err
    assert f"{tmp_path}/out/session.jsonl: {len(session.blocks)} blocks of 1 cases from board" in first.out

    stored = next((server.user_home / ".cache/layout-profiler/remote/bundles").rglob("*.npz"))
    stored.write_bytes(b"an SD card that forgets")
    packed = tmp_path / "bundle.zip"
    packed.write_bytes(zip_of(small))
    second = remote(*SHORT, output="again", bundle=packed)
    assert second.status == 0, second.err
    assert "installing" not in second.err
    assert "sent 1 files of the bundle" in second.err
    assert not list((server.user_home / ".cache/layout-profiler/remote/runs").iterdir())  # fetched, so gone
    assert load_session(tmp_path / "again/session.jsonl").header.created_utc != session.header.created_utc


def test_a_session_that_lies_there_is_not_replaced(remote: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/session.jsonl").write_text("mine")
    outcome = remote(*SHORT)
    assert outcome.status == 2
    assert "exists already" in outcome.err
    assert (tmp_path / "out/session.jsonl").read_text() == "mine"


def test_what_the_board_refuses_is_said_in_its_words(remote: Callable[..., Outcome], tmp_path: Path) -> None:
    outcome = remote("--runtime", "numpy", "--cpu", "900", "--no-measure")
    assert outcome.status == 2
    assert "CPU 900 cannot be used here" in outcome.err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_folder_without_wheels_for_it_says_how_to_fill_it(
    server: Server, small: Path, tmp_path: Path, wheelhouse: Path, cli: Cli
) -> None:
    (tmp_path / "few").mkdir()
    shutil.copy(next(wheelhouse.glob("click*")), tmp_path / "few")
    words = _words(server, tmp_path / "few")
    outcome = cli(*words, "board", small, "-o", tmp_path / "out", "--remote-dir", "few", *SHORT)
    assert outcome.status == 2
    assert "fill the wheelhouse for it with: pip download -d wheelhouse --only-binary" in outcome.err
    assert not list((server.user_home / "few/tools").iterdir())


# ------------------------------------------------------------ what breaks


def test_a_run_outlives_its_connection(started: Callable[..., Remote], server: Server, tmp_path: Path) -> None:
    call = started(*LONG)
    before = blocks(call.wait_for_blocks())
    assert server.cut() > 0
    status, text = call.end()
    assert status == 0, text
    assert "the connection to board was lost" in text
    assert "next try in 1 s" in text
    session = load_session(tmp_path / "out/session.jsonl")
    assert before < blocks(session)
    assert len(blocks(session)) == 12
    assert not session.resumes  # one run, all the way


def test_ctrl_c_leaves_the_run_to_be_attached_to(
    started: Callable[..., Remote], remote: Callable[..., Outcome], tmp_path: Path
) -> None:
    call = started(*LONGER)
    call.wait_for_blocks()
    other = remote(*SHORT, output="other")
    assert other.status == 2
    assert "another run goes on on board" in other.err
    call.process.send_signal(signal.SIGINT)
    status, text = call.end()
    assert status == 130
    assert "detached from board; the run goes on there: the same command attaches to it again" in text
    assert "Traceback" not in text
    outcome = remote(*LONGER)
    assert outcome.status == 0, outcome.err
    assert "attached to the run that goes on there" in outcome.err
    session = load_session(tmp_path / "out/session.jsonl")
    assert len(session.blocks) >= 24
    assert not session.resumes


def test_a_killed_run_is_fetched_and_gone_on_with(
    started: Callable[..., Remote], remote: Callable[..., Outcome], tmp_path: Path
) -> None:
    call = started(*LONG)
    before = blocks(call.wait_for_blocks())
    call.kill_run()
    status, text = call.end()
    assert status == 137, text
    assert "was killed, or the board lost its power; the same command goes on with it" in text
    assert before <= blocks(load_session(tmp_path / "out/session.jsonl"))
    outcome = remote(*LONG)
    assert outcome.status == 0, outcome.err
    assert "went on with the run" in outcome.err
    session = load_session(tmp_path / "out/session.jsonl")
    assert before < blocks(session)
    assert len(session.resumes) == 1


def test_stop_ends_it_and_fetches_what_it_measured(
    started: Callable[..., Remote], remote: Callable[..., Outcome], tmp_path: Path
) -> None:
    assert "there is no run of this bundle" in remote(*LONGER, "--stop").err
    call = started(*LONGER)
    call.wait_for_blocks()
    outcome = remote(*LONGER, "--stop", output="stopped")
    assert outcome.status == 143, outcome.err
    session = load_session(tmp_path / "stopped/session.jsonl")
    assert session.end is not None
    assert session.end.reason is EndReason.INTERRUPTED
    assert call.end()[0] == 143  # the other call sees the same end
    assert remote(*LONGER).status == 0


def test_a_full_disk_is_named_and_loses_no_block(
    started: Callable[..., Remote], remote: Callable[..., Outcome], server: Server, tmp_path: Path
) -> None:
    runs = server.user_home / ".cache/layout-profiler/remote/runs"
    with _small_disk(server, runs, "32k"):
        call = started(*LONG)
        before = blocks(call.wait_for_blocks(1))
        status, text = call.end()
        assert status == 2, text
        assert "ended since the disk there is full: free some space; the same command goes on with it" in text
        partial = load_session(tmp_path / "out/session.jsonl")
        assert before <= blocks(partial)
        subprocess.run(["mount", "-o", "remount,size=10m", str(runs)], check=True)
        outcome = remote(*LONG)
        assert outcome.status == 0, outcome.err
        assert blocks(partial) < blocks(load_session(tmp_path / "out/session.jsonl"))


def test_a_disk_too_small_is_refused_before_anything_is_sent(
    server: Server, small: Path, tmp_path: Path, wheelhouse: Path, cli: Cli
) -> None:
    with _small_disk(server, server.user_home / "tiny", "1m"):
        words = _words(server, wheelhouse)
        outcome = cli(*words, "board", small, "-o", tmp_path / "out", "--remote-dir", "tiny/there", *SHORT)
        assert outcome.status == 2
        assert "its disk has 1 MB free, the program needs about 400 MB" in outcome.err
        assert not (server.user_home / "tiny/there").exists()


@contextlib.contextmanager
def _small_disk(server: Server, folder: Path, size: str) -> Iterator[None]:
    if os.getuid() != 0:
        pytest.skip("a small disk can be mounted by root alone")
    folder.mkdir(exist_ok=True)
    options = f"size={size},uid={server.user_id},mode=700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("seed", [1])
def test_kills_at_random_moments_lose_no_finished_block(
    server: Server, wheelhouse: Path, tmp_path: Path, seed: int
) -> None:
    extra = ["--python", server.python, "--wheelhouse", str(wheelhouse)]
    found = kill_at_random("board", tmp_path, kills=3, seed=seed, extra=extra, longest_s=2.0, passes=12)
    assert found.lost == 0
    assert found.different == found.planned


# ------------------------------------------------------------ who is there


def test_a_changed_host_key_is_refused(server: Server, remote: Callable[..., Outcome]) -> None:
    server.trust(server.key_of_host("other_host"))
    outcome = remote(*SHORT)
    assert outcome.status == 2
    assert "THE HOST KEY OF board HAS CHANGED to SHA256:" in outcome.err
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in outcome.err


def test_an_unknown_host_key_is_refused(server: Server, remote: Callable[..., Outcome]) -> None:
    server.known_hosts.unlink()
    outcome = remote(*SHORT)
    assert outcome.status == 2
    assert "nobody vouches for the host key of board, SHA256:" in outcome.err
    assert "accept it once with: ssh board" in outcome.err
    assert not server.known_hosts.exists()


def test_a_configuration_that_trusts_everyone_is_refused(server: Server, remote: Callable[..., Outcome]) -> None:
    with _configured(server, "UserKnownHostsFile none"):
        outcome = remote(*SHORT)
    assert outcome.status == 2
    assert "turns the check of host keys off" in outcome.err


def test_a_configuration_that_cannot_be_read_is_named(server: Server, remote: Callable[..., Outcome]) -> None:
    with _configured(server, "Port many"):
        outcome = remote(*SHORT)
    assert outcome.status == 2
    assert "your SSH configuration or keys cannot be used" in outcome.err
    assert "Invalid Port integer value: many" in outcome.err


def test_a_wrong_user_is_refused(remote: Callable[..., Outcome]) -> None:
    outcome = remote(*SHORT, host="nobody@board")
    assert outcome.status == 2
    assert "nobody@board does not let nobody in with any of your keys" in outcome.err


def test_the_agent_is_asked(server: Server, remote: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    key = server.home / ".ssh/id_ed25519"
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    variables = dict(part.strip().split("=", 1) for part in agent.split(";") if "=" in part)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    hidden = key.rename(server.folder / "hidden")
    try:
        assert "with any of your keys" in remote(*SHORT).err
        subprocess.run(["ssh-add", "-q", str(hidden)], check=True)
        for more in ("Compression no", "IdentitiesOnly yes"):
            with _configured(server, more):
                assert "there is no run of this bundle" in remote(*SHORT, "--stop").err
    finally:
        hidden.rename(key)
        os.kill(int(variables["SSH_AGENT_PID"]), signal.SIGTERM)


def test_a_board_behind_another_is_reached(remote: Callable[..., Outcome]) -> None:
    assert "there is no run of this bundle with these options on behind" in remote(*SHORT, "--stop", host="behind").err


def test_a_board_that_never_stops_talking_is_cut_off(server: Server, remote: Callable[..., Outcome]) -> None:
    talker = server.user_home / "talker"
    talker.write_text("#!/bin/sh\nexec yes\n")
    talker.chmod(0o755)
    outcome = remote("--python", talker, *SHORT)
    assert outcome.status == 2
    assert "answered with more than 1000000 bytes" in outcome.err


@pytest.mark.parametrize("answer", ["", "[]", '{"base": "relative"}', '{"error": "no \x1b[31mway"}', "{" * 5000])
def test_answers_that_make_no_sense_are_refused(server: Server, remote: Callable[..., Outcome], answer: str) -> None:
    talker = server.user_home / "talker"
    talker.write_text(f"#!/bin/sh\ncat >/dev/null\ncat <<'EOT'\n{answer}\nEOT\n")
    talker.chmod(0o755)
    outcome = remote("--python", talker, *SHORT)
    assert outcome.status == 2
    assert "\x1b" not in outcome.err
    assert "Traceback" not in outcome.err


@contextlib.contextmanager
def _configured(server: Server, line: str) -> Iterator[None]:
    path = server.home / ".ssh/config"
    former = path.read_text()
    path.write_text(f"Host board\n  {line}\n{former}")
    try:
        yield
    finally:
        path.write_text(former)


# ------------------------------------------------------------ the way to it


def test_nobody_there_is_said_at_once(server: Server, remote: Callable[..., Outcome]) -> None:
    outcome = remote(*SHORT, host=f"ssh://{server.user}@127.0.0.1:1")
    assert outcome.status == 2
    assert "cannot be reached" in outcome.err
    assert "next try" not in outcome.err


def test_a_board_that_stays_away_is_given_up(server: Server, wheelhouse: Path, small: Path, tmp_path: Path) -> None:
    said: list[str] = []
    opened = open_bundle(small)
    order = Order(opened, plan_run(opened, LONG), tmp_path / "out", python=server.python, wheelhouse=wheelhouse)

    def say(text: str) -> None:
        said.append(text)
        if text == "started the run":
            threading.Thread(target=server.stop).start()

    try:
        with pytest.raises(RemoteLinkError, match=r"the run goes on there: the same command attaches to it again"):
            asyncio.run(measure(parse_address("board"), order, say=say, pauses=(0.1, 0.1)))
    finally:
        server.restart()
    assert sum("next try" in text for text in said) == 2
    result = asyncio.run(measure(parse_address("board"), order, say=said.append))
    assert result.status == 0
    assert len(blocks(result.session)) == 12


# ------------------------------------------------------------ the end


def test_clean_leaves_nothing(server: Server, remote: Callable[..., Outcome], cli: Cli) -> None:
    mine = server.user_home / "mine"
    mine.mkdir(exist_ok=True)
    (mine / "thesis").write_text("years of work")
    refused = cli("remote", "board", "--clean", "--remote-dir", "mine")
    assert refused.status == 2
    assert "was not made by this program" in refused.err
    assert (mine / "thesis").exists()
    shutil.rmtree(mine)

    before = sorted(server.user_home.iterdir())
    outcome = remote(*SHORT, "--clean")
    assert outcome.status == 0, outcome.err
    assert "removed everything there" in outcome.err
    assert sorted(server.user_home.iterdir()) == before
    assert not (server.user_home / ".cache/layout-profiler").exists()
    assert cli("remote", "board", "--clean").status == 0  # nothing to do
