"""The trees of boards, and small ones written by hand."""

import contextlib
import fcntl
import functools
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from profiler.machine.capture import capture_hardware
from profiler.machine.records import HardwareInfo
from profiler.machine.sources.cpuinfo import CpuInfo, parse_cpuinfo
from scripts.build_board_trees import read_boards, write_trees

NAMES = sorted(read_boards())
FOLDER_VARIABLE = "BOARD_TREES"  # a folder that lives as long as the test run; its workers inherit it
NOBODY = 65534
NO_CPUINFO: CpuInfo = parse_cpuinfo("")


@functools.cache
def boards() -> Path:
    """Where the trees lie, not to be changed: built whole by whichever process of the test run first asks."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    trees = folder / "trees"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not trees.exists():
            write_trees(folder / "unfinished")
            (folder / "unfinished").rename(trees)
    return trees


@functools.cache
def board(name: str) -> HardwareInfo:
    """The report of a board's tree; each is captured once."""
    return capture_hardware(boards() / name)


def copy_of(name: str, folder: Path) -> Path:
    """A board's tree to do anything with."""
    return Path(shutil.copytree(boards() / name, folder / "tree"))


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A tree of these files; folders are made as needed."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def cell(value: int) -> bytes:
    """A number as device trees hold it."""
    return value.to_bytes(4, "big")


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """As somebody whom file permissions bind: root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
