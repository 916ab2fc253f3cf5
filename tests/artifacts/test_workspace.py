"""Temporary folders that do not pile up."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from profiler.artifacts.bundle.workspace import PREFIX, workspace
from profiler.base.errors import OutputError

CHILD = """
import sys, time
from pathlib import Path
from profiler.artifacts.bundle.workspace import workspace
with workspace(Path(sys.argv[1])) as folder:
    (folder / "large").write_bytes(bytes(1000))
    print(folder, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(tmp_path: Path) -> None:
    def start() -> "tuple[subprocess.Popen[str], Path]":
        process = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    (killed, abandoned), (living, in_use) = start(), start()
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert (abandoned / "large").exists()
        with workspace(tmp_path) as own:
            assert not abandoned.parent.exists()
            assert (in_use / "large").exists()
            assert own.parent.parent == tmp_path
        living.terminate()  # no handler here: as abrupt as a kill
        living.wait()
        with workspace(tmp_path):
            pass
        assert list(tmp_path.iterdir()) == []
    finally:
        for process in (killed, living):
            with process:
                process.kill()


def test_folders_that_bear_the_name_alone_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/lock").touch()
    (tmp_path / f"{PREFIX}made-by-hand").mkdir()
    (tmp_path / f"{PREFIX}made-by-hand/notes").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "precious")
    (tmp_path / f"{PREFIX}file").touch()
    before = sorted(tmp_path.rglob("*"))
    with workspace(tmp_path):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_where_nothing_can_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"), workspace(tmp_path / "missing"):
        pytest.fail("it was made")
