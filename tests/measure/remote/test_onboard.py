"""What runs on the board, without a board: the lock, the keeper, the store, and the scripts that are sent as text."""

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from profiler.artifacts.bundle import MANIFEST_NAME
from profiler.base.errors import BundleError
from profiler.measure.remote.messages import BundleJob, Place, RunJob, RunState, Standing
from profiler.measure.remote.onboard import probe, runs, store
from profiler.measure.remote.onboard.lock import free_lock, holder
from profiler.measure.remote.talk import SentFile, tar_chunks

SCRIPTS = Path(probe.__file__).parent
RUN = "0123456789abcdef"
WAIT_S = 20.0


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def answer_of(script: str, **job: object) -> dict[str, object]:
    command = [sys.executable, "-I", str(SCRIPTS / f"{script}.py"), "-", json.dumps(job)]
    answer: dict[str, object] = json.loads(subprocess.check_output(command, stdin=subprocess.DEVNULL))
    return answer


# ------------------------------------------------------------ lock


def test_a_lock_is_held_for_as_long_as_a_process_that_inherited_it_lives(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with free_lock(tmp_path) as lock:
        assert lock is not None
        os.pwrite(lock, b"run tool\n", 0)
        child = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
    assert holder(tmp_path) == ["run", "tool"]
    with free_lock(tmp_path) as second:
        assert second is None
    child.kill()
    child.wait()
    assert holder(tmp_path) is None


# ------------------------------------------------------------ runs

# Whoever starts a run does not wait for it; elsewhere that process ends at once
unwaited = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture
def job(tmp_path: Path) -> RunJob:
    (tmp_path / "bundles").mkdir()
    return RunJob(base=str(tmp_path), run=RUN, tool="f" * 16, bundle="0" * 64, arguments=())


def ended(job: RunJob) -> Standing:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        standing = runs.state(Place(base=job.base, run=job.run))
        if standing.state is not RunState.RUNNING:
            return standing
        time.sleep(0.05)
    pytest.fail("it does not end")


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Another program in place of this one."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@unwaited
def test_a_run_leaves_its_status_and_its_last_words(
    job: RunJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, 'echo "$*" >&2; exit 7')
    assert runs.state(Place(base=job.base, run=job.run)).state is RunState.NONE
    runs.start(job)
    standing = ended(job)
    assert (standing.state, standing.status) == (RunState.ENDED, 7)
    assert standing.last_words.endswith("/session.jsonl")
    assert standing.session_bytes is None


@unwaited
def test_a_run_that_left_a_session_is_gone_on_with(
    job: RunJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, 'echo "$*" >&2; echo > session.jsonl')
    runs.start(job)
    assert "--resume" not in ended(job).last_words
    runs.start(job)
    assert ended(job).last_words.endswith("--resume")


@unwaited
def test_one_run_at_a_time(job: RunJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "exec sleep 60")
    assert runs.start(job).state is RunState.RUNNING
    assert runs.start(job).state is RunState.RUNNING
    other = RunJob(base=job.base, run="e" * 16, tool=job.tool, bundle=job.bundle, arguments=())
    assert runs.start(other).state is RunState.BUSY
    stopped = runs.stop(Place(base=job.base, run=job.run))
    assert (stopped.state, stopped.status) == (RunState.ENDED, 128 + signal.SIGTERM)


@unwaited
def test_a_run_whose_keeper_was_killed_is_known_to_have_died(
    job: RunJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, "echo begun >&2; exec sleep 60")
    runs.start(job)
    pid = tmp_path / "runs" / RUN / "pid"
    end = time.monotonic() + WAIT_S
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(int(pid.read_text()), signal.SIGKILL)
    standing = ended(job)
    assert (standing.state, standing.status) == (RunState.DIED, None)
    runs.discard(Place(base=job.base, run=job.run))
    assert runs.state(Place(base=job.base, run=job.run)).state is RunState.NONE


# ------------------------------------------------------------ store


@pytest.fixture
def bundle_job(small: Path, tmp_path: Path) -> BundleJob:
    manifest = (small / MANIFEST_NAME).read_bytes()
    return BundleJob(base=str(tmp_path / "base"), bundle=hashlib.sha256(manifest).hexdigest())


def tar_of(**files: bytes) -> bytes:
    return b"".join(tar_chunks(SentFile(name, content) for name, content in files.items()))


def test_only_what_is_not_whole_is_asked_for(
    bundle_job: BundleJob, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = (small / MANIFEST_NAME).read_bytes()
    feed(monkeypatch, manifest)
    names = store.missing(bundle_job).paths
    assert len(names) == 3
    feed(monkeypatch, b"".join(tar_chunks(SentFile(name, small / name) for name in names[:2])))
    store.receive(bundle_job)
    feed(monkeypatch, manifest)
    assert store.missing(bundle_job).paths == names[2:]
    (Path(bundle_job.base) / "bundles" / bundle_job.bundle / names[0]).write_bytes(b"bad card")
    feed(monkeypatch, manifest)
    assert store.missing(bundle_job).paths == (names[0], names[2])


def test_what_does_not_arrive_whole_does_not_arrive(
    bundle_job: BundleJob, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(monkeypatch, (small / MANIFEST_NAME).read_bytes())
    name = store.missing(bundle_job).paths[0]
    whole = b"".join(tar_chunks([SentFile(name, small / name)]))
    for data in (whole[:700], tar_of(**{name: b"other"}), tar_of(**{"../../evil": b"x"}), b""):
        feed(monkeypatch, data)
        with pytest.raises(BundleError):
            store.receive(bundle_job)
    folder = Path(bundle_job.base) / "bundles" / bundle_job.bundle
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [MANIFEST_NAME]
    feed(monkeypatch, b"{}")
    with pytest.raises(BundleError, match="the manifest did not arrive whole"):
        store.missing(bundle_job)


def test_a_link_in_a_tar_is_refused(bundle_job: BundleJob, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, (small / MANIFEST_NAME).read_bytes())
    name = store.missing(bundle_job).paths[0]
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    feed(monkeypatch, link.tobuf() + b"\0" * 1024)
    with pytest.raises(BundleError):
        store.receive(bundle_job)


# ------------------------------------------------------------ what is sent as text


def test_the_probe_finds_out_what_this_machine_is(tmp_path: Path) -> None:
    answer = answer_of("probe", base=str(tmp_path / "new/base"), python=sys.executable)
    assert answer["base"] == str(tmp_path / "new/base")
    assert answer["base_problem"] is None
    assert answer["system"] == "Linux"
    assert answer["pythons"] == [{"path": sys.executable, "version": list(sys.version_info[:3]), "has_venv": True}]
    assert answer["running"] is None
    assert abs(float(str(answer["utc_s"])) - time.time()) < 60


def test_the_probe_refuses_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("x")
    assert "holds files that were not made" in str(probe.base_problem(str(tmp_path)))
    (tmp_path / ".layout-profiler").touch()
    assert probe.base_problem(str(tmp_path)) is None
    (tmp_path / "link").symlink_to(tmp_path)
    assert "is no folder" in str(probe.base_problem(str(tmp_path / "link")))


def test_the_probe_runs_on_pythons_too_old_for_the_rest() -> None:
    import ast

    ast.parse((SCRIPTS / "probe.py").read_text(), feature_version=(3, 7))


def test_clean_follows_no_link_and_removes_only_what_is_ours(tmp_path: Path) -> None:
    base = tmp_path / "layout-profiler/remote"
    assert answer_of("clean", base=str(base)) == {"error": None}
    base.mkdir(parents=True)
    assert "was not made by this program" in str(answer_of("clean", base=str(base))["error"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis").write_text("x")
    (base / ".layout-profiler").touch()
    (base / "runs").symlink_to(tmp_path / "mine")
    with free_lock(base) as lock:
        assert lock is not None
        assert answer_of("clean", base=str(base))["error"] == "a run is going on there"
    assert answer_of("clean", base=str(base)) == {"error": None}
    assert not base.parent.exists()
    assert (tmp_path / "mine/thesis").exists()
    shutil.rmtree(tmp_path / "mine")
