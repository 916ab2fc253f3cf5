"""The nightly script: with a stand-in for the program where its own decisions count, and twice with the program."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from profiler.session.file import load_session

ROOT = Path(__file__).resolve().parents[2]
NIGHTLY = ROOT / "scripts/nightly"
STAND_IN = """#!/bin/sh
echo "$*" >> "$CALLS"
if [ "$1" = compare ]; then echo changes > "$7"; exit "${COMPARED:-0}"; fi
case "$*" in
  *--resume*) status=${RESUMED:-0} ;;
  *) status=${RAN:-0} ;;
esac
[ "$status" = 2 ] || echo measured >> "$4"
exit "$status"
"""


class Nights:
    """A folder of nights, and the script with a stand-in for the program."""

    def __init__(self, folder: Path) -> None:
        self.bundle, self.folder, self.calls = folder / "bundle", folder / "nights", folder / "calls"
        self.bundle.mkdir()
        self.program = folder / "program"
        self.program.write_text(STAND_IN)
        self.program.chmod(0o755)

    def start(self, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        self.calls.unlink(missing_ok=True)
        return subprocess.run(
            [NIGHTLY / "nightly", self.bundle, self.folder, *options],
            env={**os.environ, "PROFILER": str(self.program), "CALLS": str(self.calls), "PAUSE_H": "0", **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    @property
    def sessions(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "sessions").iterdir())

    def fill(self, *names: str) -> None:
        (self.folder / "sessions").mkdir(parents=True)
        for name in names:
            (self.folder / "sessions" / name).write_text("old")


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    if shutil.which("flock") is None:
        pytest.skip("no flock here")
    return Nights(tmp_path)


def test_a_night_is_compared_with_the_last_one_and_the_oldest_are_removed(nights: Nights) -> None:
    nights.fill("2026-01-01.jsonl", "2026-01-02.jsonl", "2026-01-03.jsonl")
    done = nights.start("--budget", "1m", KEEP="3")
    assert (done.returncode, done.stderr) == (0, "")
    run, compare = nights.called
    assert run.endswith("--budget 1m")
    assert "2026-01-03.jsonl" in compare
    assert "--fail-on regression" in compare
    assert nights.sessions[:2] == ["2026-01-02.jsonl", "2026-01-03.jsonl"]
    assert len(nights.sessions) == 3
    assert done.stdout.endswith("changes\n")


def test_a_baseline_is_compared_with_instead(nights: Nights) -> None:
    nights.fill("2026-01-01.jsonl")
    (nights.folder / "baseline.jsonl").write_text("base")
    nights.start()
    assert "baseline.jsonl" in nights.called[-1]
    assert (nights.folder / "baseline.jsonl").exists()


@pytest.mark.parametrize(
    ("ran", "compared", "status"), [("0", "1", 1), ("1", "0", 1), ("0", "2", 2), ("1", "1", 1), ("0", "0", 0)]
)
def test_the_exit_status_tells_of_slower_times_failures_and_what_cannot_be_compared(
    nights: Nights, ran: str, compared: str, status: int
) -> None:
    nights.fill("2026-01-01.jsonl")
    assert nights.start(RAN=ran, COMPARED=compared).returncode == status
    assert len(nights.sessions) == 2


def test_an_interrupted_night_is_gone_on_with_at_the_next_start(nights: Nights) -> None:
    assert nights.start(RAN="143").returncode == 143
    assert nights.sessions == []
    done = nights.start("--budget", "1m", PAUSE_H="20")
    assert done.returncode == 0
    assert nights.called[0].endswith("--budget 1m --resume")
    assert len(nights.sessions) == 1
    assert not (nights.folder / "running.jsonl").exists()


def test_what_can_never_be_finished_is_set_aside_and_a_new_night_begins(nights: Nights) -> None:
    nights.start(RAN="143")
    done = nights.start(RESUMED="2")
    assert done.returncode == 0
    assert [path.read_text() for path in nights.folder.glob("unfinished-*.jsonl")] == ["measured\n"]
    assert len(nights.sessions) == 1


def test_a_second_start_on_one_day_does_nothing(nights: Nights) -> None:
    nights.start()
    done = nights.start(PAUSE_H="20")
    assert (done.returncode, nights.called) == (0, [])


@pytest.mark.parametrize("arguments", [(), ("bundle",), ("no-bundle-here", "nights")])
def test_bad_usage_says_what_is_wrong_in_a_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    if shutil.which("flock") is None:
        pytest.skip("no flock here")
    done = subprocess.run(
        [NIGHTLY / "nightly", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_two_never_measure_at_the_same_time(nights: Nights) -> None:
    nights.folder.mkdir()
    with (nights.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = nights.start()
    assert (done.returncode, nights.called) == (2, [])
    assert "another one runs" in done.stderr


@pytest.mark.slow
def test_two_real_nights_end_in_a_comparison(nights: Nights) -> None:
    nights.program.write_text(f'#!/bin/sh\nexec {sys.executable} -m profiler "$@"\n')
    nights.bundle.rmdir()
    nights.bundle.symlink_to(ROOT / "profiler/artifacts/controls/bundle")
    options = ("--passes", "1", "--no-measure", "--quiet", "--runtime", "numpy", "--seed", "1")
    path = {"PYTHONPATH": str(ROOT)}
    first, second = nights.start(*options, **path), nights.start(*options, **path)
    assert (first.returncode, first.stderr) == (0, "")
    assert "the first night" in first.stdout
    assert (second.returncode, second.stderr) == (0, "")
    assert "NEW is slower in none of" in second.stdout
    assert (nights.folder / "changes.txt").read_text() in second.stdout
    assert all(load_session(nights.folder / "sessions" / name).end for name in nights.sessions)


def test_the_units_are_sound(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    units = [tmp_path / f"layout-profiler.{kind}" for kind in ("service", "timer")]
    for unit in units:
        text = (NIGHTLY / unit.name).read_text()
        unit.write_text(text.replace("/home/pi/layout-profiler/", f"{ROOT}/"))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_for_cron_starts_the_script_by_its_place_in_the_repository() -> None:
    lines = [line for line in (NIGHTLY / "crontab").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 2
    assert all("$HOME/layout-profiler/scripts/nightly/nightly " in line for line in lines)
