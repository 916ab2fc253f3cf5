"""Recorded trees, and small ones written by hand."""

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from profiler.machine.capture import capture_hardware
from profiler.machine.records import HardwareInfo
from profiler.machine.sources.cpuinfo import CpuInfo, parse_cpuinfo

BOARDS = Path(__file__).parents[1] / "boards"
NAMES = sorted(path.name for path in BOARDS.iterdir() if path.is_dir())
NOBODY = 65534
NO_CPUINFO: CpuInfo = parse_cpuinfo("")


@functools.cache
def board(name: str) -> HardwareInfo:
    """The report of a recorded tree; each is captured once."""
    return capture_hardware(BOARDS / name)


def copy_of(name: str, folder: Path) -> Path:
    """A recorded tree to do anything with."""
    return Path(shutil.copytree(BOARDS / name, folder / "tree"))


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
