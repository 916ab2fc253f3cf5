"""A card that fills up in mid-run, for real: a small file system in memory that is given more space afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from profiler.runtimes.scripted import VARIABLE
from profiler.session.file import load_session
from tests.conftest import Cli

CASES, PASSES = 4, 12


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """64 KiB of space, 16 pages, of which the session's name takes none."""
    folder = tmp_path / "card"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_card_ends_the_run_with_what_is_known_and_space_lets_it_go_on(
    exported: Path, card: Path, cli: Cli
) -> None:
    path = card / "s.jsonl"
    command = [sys.executable, "-m", "profiler", "run", str(exported), "-q", "-o", str(path), "--runtime", "scripted"]
    command += ["--looks", str(PASSES), "--sets", "1"]
    environment = {**os.environ, VARIABLE: "{}"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.endswith("No space left on device; free some space and go on with --resume")
    assert [entry.name for entry in card.iterdir()] == ["s.jsonl"]
    assert path.read_bytes().endswith(b"\n")
    known = load_session(path)
    assert 0 < len(known.blocks) < CASES * PASSES
    shown = cli("report", path)
    assert shown.status == 0
    assert "the run was cut off" in shown.out

    again = subprocess.run([*command, "--resume"], env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 2  # nothing has changed
    assert load_session(path).blocks == known.blocks

    subprocess.run(["mount", "-o", "remount,size=16m", str(card)], check=True)
    subprocess.run([*command, "--resume"], env=environment, check=True, capture_output=True)
    session = load_session(path)
    assert session.blocks[: len(known.blocks)] == known.blocks
    assert len({(block.case, block.pass_index) for block in session.blocks}) == CASES * PASSES
    assert session.end is not None
