"""`/sys/devices/system/cpu`: caches, part numbers and siblings, per CPU, in the kernel's words.

For caches three states occur: no folder (most Arm boards before Linux 5.17, all 32-bit ones before 2024), a folder
without `size` (i.MX8), and complete. What is absent stays unknown. `lscpu` and py-cpuinfo read the same files but add
up the sizes of all cores; this does not.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from profiler.machine.records import Fact
from profiler.machine.sources.source import list_folder, parse_int, read_int, read_name, read_text
from profiler.machine.sources.statements import MAX_CACHE_BYTES, MAX_CPU, CacheStatement, CacheType, Reading, positive

CPU_FOLDER = "sys/devices/system/cpu"
SOURCE = "sysfs"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_MAX_LEVEL = 8
_MAX_FOLDERS = 1024  # more CPUs than any board or server of one kernel image; a hostile tree may have more


def cache_statements(root: Path) -> list[CacheStatement]:
    """Every cache of every CPU; empty where the kernel tells none."""
    return [statement for cpu, folder in _cpu_folders(root) for statement in _claims_of(cpu, folder)]


def _claims_of(cpu: int, folder: Path) -> list[CacheStatement]:
    found = [
        (level, kind, _fields(index, cpu))
        for index in list_folder(folder / "cache", "index[0-9]*")
        if (level := read_int(index / "level")) is not None
        and 0 < level <= _MAX_LEVEL
        and (kind := (read_text(index / "type") or "").lower()) in get_args(CacheType)
    ]
    # Kernels that copy a device tree may list L1 alone and know nothing of what lies beyond it
    is_whole = any(level > 1 for level, _, _ in found) and all("size_bytes" in fields for _, _, fields in found)
    return [
        CacheStatement(cpu=cpu, level=level, type=kind, source=SOURCE, fields=fields, is_whole=is_whole)  # type: ignore[arg-type]  # checked above
        for level, kind, fields in found
    ]


def _fields(index: Path, cpu: int) -> dict[str, Reading]:
    texts = {
        name: read_text(index / name)
        for name in ("size", "coherency_line_size", "ways_of_associativity", "number_of_sets", "shared_cpu_list")
    }
    found = positive(
        size_bytes=(parse_size(texts["size"]), texts["size"]),
        line_size_bytes=(parse_int(texts["coherency_line_size"]), texts["coherency_line_size"]),
        ways_of_associativity=(parse_int(texts["ways_of_associativity"]), texts["ways_of_associativity"]),
        number_of_sets=(parse_int(texts["number_of_sets"]), texts["number_of_sets"]),
    )
    shared = parse_cpu_list(texts["shared_cpu_list"])
    return {**found, "shared_cpus": Reading(shared, texts["shared_cpu_list"])} if cpu in shared else found


def read_midrs(root: Path) -> dict[int, int]:
    """The part number register of each CPU, as 64-bit Arm kernels show it since 2016."""
    found = {}
    for cpu, folder in _cpu_folders(root):
        midr = parse_int(read_text(folder / "regs/identification/midr_el1"), 16)
        if midr:
            found[cpu] = midr
    return found


def read_hybrid_cpus(root: Path) -> dict[str, tuple[int, ...]]:
    """The CPUs of each core type of a hybrid x86 chip: the kernel has a PMU for each; empty on all others."""
    names = {"performance core": "cpu_core", "efficiency core": "cpu_atom"}
    found = {name: parse_cpu_list(read_text(root / "sys/devices" / pmu / "cpus")) for name, pmu in names.items()}
    return found if all(found.values()) else {}


def online_cpus(root: Path) -> Fact[int]:
    """How many CPUs are online."""
    online = read_text(root / CPU_FOLDER / "online")
    cpus = len(parse_cpu_list(online))
    return Fact(value=cpus or None, source=f"/{CPU_FOLDER}/online" if cpus else "unknown", raw=online if cpus else None)


def physical_cores(root: Path) -> Fact[int]:
    """How many cores are online, counting threads of one core once."""
    cores = {read_text(folder / "topology/thread_siblings_list") for _, folder in _cpu_folders(root)} - {None}
    if not cores:
        return Fact(value=None, source="unknown")
    return Fact(value=len(cores), source=f"/{CPU_FOLDER}/cpu*/topology/thread_siblings_list")


def numa_nodes(root: Path) -> Fact[int]:
    """How many memory nodes there are."""
    online = read_text(root / "sys/devices/system/node/online")
    nodes = len(parse_cpu_list(online))
    return Fact(value=nodes or None, source="/sys/devices/system/node/online" if nodes else "unknown", raw=online)


def online_set(root: Path) -> frozenset[int]:
    """The CPUs that are online; empty if nobody tells."""
    return frozenset(parse_cpu_list(read_text(root / CPU_FOLDER / "online")))


def tree_nodes(root: Path) -> dict[int, str]:
    """The name of each CPU's node in the device tree: by the kernel's link, or by the note of it in a recording."""
    found = {}
    for cpu, folder in _cpu_folders(root):
        name = read_name(folder / "of_node_name") or _link_name(folder / "of_node")
        if name:
            found[cpu] = name
    return found


def _link_name(path: Path) -> str | None:
    try:
        return path.readlink().name
    except (OSError, ValueError):
        return None


def _cpu_folders(root: Path) -> Iterator[tuple[int, Path]]:
    for folder in list_folder(root / CPU_FOLDER, "cpu[0-9]*")[:_MAX_FOLDERS]:
        cpu = parse_int(folder.name[3:])
        if cpu is not None and 0 <= cpu <= MAX_CPU:
            yield cpu, folder


def parse_size(text: str | None) -> int | None:
    """Bytes from sysfs' `32K` or `4M`; None for nothing, nonsense or 0, by which the kernel says unknown."""
    match = re.fullmatch(r"([0-9]{1,9})([KMG]?)", text or "")
    size = int(match[1]) * _UNITS[match[2]] if match else 0
    return size if 0 < size <= MAX_CACHE_BYTES else None


@functools.lru_cache(maxsize=1024)
def parse_cpu_list(text: str | None) -> tuple[int, ...]:
    """CPU numbers from `0-3,8`; empty for nonsense."""
    found: set[int] = set()
    for part in (text or "").split(","):
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part.strip())
        if match is None or int(match[2] or match[1]) > MAX_CPU:
            return ()
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(found))
