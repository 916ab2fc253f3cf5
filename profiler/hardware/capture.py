"""Brings the sources together into one report. Unknown is shown as unknown."""

import os
import platform
import re
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from profiler import __version__
from profiler.bundle import version_problem
from profiler.errors import HardwareError
from profiler.files import read_limited
from profiler.hardware.brand import capture_brand
from profiler.hardware.conditions import Clocks, capture_conditions
from profiler.hardware.cpuinfo import CpuInfo, capture_cpuinfo
from profiler.hardware.devicetree import capture_board
from profiler.hardware.software import capture_software
from profiler.hardware.source import parse_int, read_text
from profiler.hardware.sysfs import CPU_FOLDER, capture_caches, parse_cpu_list
from profiler.records import HARDWARE_SCHEMA, CacheInfo, Fact, HardwareInfo, Memory

MAX_REPORT_BYTES = 10_000_000
MAX_CACHE_BYTES = 1 << 40
UNKNOWN_CACHE_BYTES = 16 << 20  # where no size is known: larger than any Pi-class board's last level
_LIVE = Path("/")


def capture_hardware(root: Path = _LIVE) -> HardwareInfo:
    """The hardware report of the machine whose files lie below `root`.

    A recorded tree tells nothing of its software; names and versions of this program's own libraries are left out.

    Raises:
        HardwareError: `root` is no folder.
    """
    if not root.is_dir():
        raise HardwareError(f"{root} is no folder; --root takes a recorded tree with /proc and /sys in it")
    is_live = root == _LIVE
    cpuinfo = capture_cpuinfo(root)
    name, flags = cpuinfo.name, cpuinfo.flags
    if is_live and name.value is None and sys.platform != "linux":
        name, flags = capture_brand()
    return HardwareInfo(
        schema_version=HARDWARE_SCHEMA,
        tool_version=__version__,
        cpu_name=name,
        cpu_flags=flags,
        core_types=cpuinfo.core_types,
        logical_cpus=_logical_cpus(root, cpuinfo),
        physical_cores=_physical_cores(root),
        caches=capture_caches(root),
        memory=_memory(root),
        board=capture_board(root),
        machine=_live(platform.machine(), "uname", is_live=is_live),
        pointer_bits=_live(struct.calcsize("P") * 8, "this Python", is_live=is_live),
        operating_system=_operating_system(root),
        kernel=_kernel(root),
        virtualization=_virtualization(root, cpuinfo),
        software=capture_software() if is_live else {},
        conditions=capture_conditions(root, started=Clocks.now()),
    )


def load_hardware(path: Path) -> HardwareInfo:
    """Read a hardware report written by `hardware --json`.

    Raises:
        HardwareError: it is missing, damaged or newer than this program.
    """
    try:
        text = read_limited(path, MAX_REPORT_BYTES)
    except OSError as error:
        raise HardwareError(f"cannot read the hardware report {path}: {error.strerror}") from error
    problem = version_problem(text, HARDWARE_SCHEMA)
    if problem:
        raise HardwareError(f"{path} {problem}")
    try:
        return msgspec.json.decode(text, type=HardwareInfo)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HardwareError(f"{path} is no hardware report: {error}") from error


def data_cache_sizes(caches: tuple[CacheInfo, ...]) -> tuple[int, ...]:
    """The sizes of the caches that can hold weights, first level first, each once; impossible ones left out."""
    sizes = {cache.size_bytes or 0 for cache in caches if cache.type != "instruction"}
    return tuple(sorted(size for size in sizes if 0 < size <= MAX_CACHE_BYTES))


def wanted_eviction_bytes(caches: Sequence[CacheInfo]) -> int:
    """What must be read to push everything else out of all caches: twice the largest of them."""
    sizes = [cache.size_bytes for cache in caches if cache.type != "instruction" and cache.size_bytes]
    return 2 * max(sizes, default=UNKNOWN_CACHE_BYTES)


def cache_level_for(weight_bytes: int, caches: tuple[CacheInfo, ...]) -> str:
    """The first cache that holds so many bytes: `L2`, `memory` beyond all of them, `unknown` where none is known."""
    known = [cache for cache in caches if cache.type != "instruction" and cache.size_bytes]
    for cache in sorted(known, key=lambda cache: (cache.level, cache.size_bytes or 0)):
        if weight_bytes <= (cache.size_bytes or 0):
            return f"L{cache.level}"
    return "memory" if known else "unknown"


def machine_name(hardware: HardwareInfo) -> str:
    """The board if its firmware names it, else the processor."""
    return hardware.board.model.value or hardware.cpu_name.value or "this unknown machine"


def _live(value: int | str, source: str, *, is_live: bool) -> Fact:  # type: ignore[type-arg]
    return Fact(value=value, source=source) if is_live and value else Fact(value=None, source="unknown")


def _logical_cpus(root: Path, cpuinfo: CpuInfo) -> Fact[int]:
    online = read_text(root / CPU_FOLDER / "online")
    cpus = len(parse_cpu_list(online))
    if cpus:
        return Fact(value=cpus, source=f"/{CPU_FOLDER}/online", raw=online)
    if cpuinfo.cpus:
        return Fact(value=cpuinfo.cpus, source="/proc/cpuinfo")
    return _live(os.cpu_count() or 0, "os.cpu_count", is_live=root == _LIVE)


def _physical_cores(root: Path) -> Fact[int]:
    cores = {read_text(path) for path in (root / CPU_FOLDER).glob("cpu[0-9]*/topology/thread_siblings_list")} - {None}
    if cores:
        return Fact(value=len(cores), source=f"/{CPU_FOLDER}/cpu*/topology/thread_siblings_list")
    return _live(psutil.cpu_count(logical=False) or 0, "psutil", is_live=root == _LIVE)


def _memory(root: Path) -> Memory:
    text = read_text(root / "proc/meminfo") or ""
    found = dict(re.findall(r"^(MemTotal|MemAvailable):\s*([0-9]{1,15}) kB", text, re.MULTILINE))
    if not found and root == _LIVE:
        memory = psutil.virtual_memory()
        return Memory(
            total_bytes=Fact(value=memory.total, source="psutil"),
            available_bytes=Fact(value=memory.available, source="psutil"),
        )
    return Memory(total_bytes=_kibibytes(found, "MemTotal"), available_bytes=_kibibytes(found, "MemAvailable"))


def _kibibytes(found: dict[str, str], key: str) -> Fact[int]:
    kib = parse_int(found.get(key))
    if kib is None:
        return Fact(value=None, source="unknown")
    return Fact(value=kib * 1024, source="/proc/meminfo", raw=f"{key}: {found[key]} kB")


def _operating_system(root: Path) -> Fact[str]:
    for name in ("etc/os-release", "usr/lib/os-release"):
        match = re.search(r'^PRETTY_NAME="?([^"\n]{1,200})', read_text(root / name) or "", re.MULTILINE)
        if match:
            return Fact(value=match[1], source=f"/{name}")
    return _live(platform.platform(terse=True), "platform", is_live=root == _LIVE)


def _kernel(root: Path) -> Fact[str]:
    release = read_text(root / "proc/sys/kernel/osrelease")
    if release:
        return Fact(value=release, source="/proc/sys/kernel/osrelease")
    return _live(platform.release(), "uname", is_live=root == _LIVE)


def _virtualization(root: Path, cpuinfo: CpuInfo) -> Fact[str]:
    """Container or virtual machine, as far as plain files tell."""
    found = []
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        found.append("container")
    if "hypervisor" in (cpuinfo.flags.value or ()):
        found.append("virtual machine")
    if not found:
        return Fact(value=None, source="unknown")
    return Fact(value=", ".join(found), source="/.dockerenv, /proc/cpuinfo flags")
