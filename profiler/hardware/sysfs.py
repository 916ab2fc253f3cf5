"""Caches from `/sys/devices/system/cpu/cpu*/cache/index*`: per CPU, in the kernel's words.

Three states occur: no folder (most Arm boards before Linux 5.17, all 32-bit ones before 2024), a folder without
`size` (i.MX8), and complete. What is absent stays unknown. `lscpu` and py-cpuinfo read the same files but add up the
sizes of all cores; this does not.
"""

import re
from pathlib import Path
from typing import Literal, get_args

from profiler.hardware.source import list_folder, parse_int, read_int, read_text
from profiler.records import CacheInfo

CPU_FOLDER = "sys/devices/system/cpu"
CacheType = Literal["data", "instruction", "unified"]
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_MAX_CPU = 8192  # Linux's NR_CPUS limit


def capture_caches(root: Path) -> tuple[CacheInfo, ...]:
    """Every kind of cache, first level first; empty where the kernel tells none."""
    instances: dict[CacheInfo, set[tuple[int, ...]]] = {}
    for cpu_folder in list_folder(root / CPU_FOLDER, "cpu[0-9]*"):
        cpu = parse_int(cpu_folder.name[3:])
        if cpu is None or cpu > _MAX_CPU:
            continue
        for index in list_folder(cpu_folder / "cache", "index[0-9]*"):
            cache = _cache(index)
            if cache is not None:
                shared = parse_cpu_list(read_text(index / "shared_cpu_list")) or (cpu,)
                instances.setdefault(cache, set()).add(shared)
    return tuple(
        CacheInfo(
            level=cache.level,
            type=cache.type,
            size_bytes=cache.size_bytes,
            line_size_bytes=cache.line_size_bytes,
            ways_of_associativity=cache.ways_of_associativity,
            number_of_sets=cache.number_of_sets,
            shared_cpus=tuple(sorted(shared)),
            instances=len(shared),
            source=cache.source,
        )
        for cache, shared in sorted(instances.items(), key=lambda item: (item[0].level, item[0].type, min(item[1])))
    )


def _cache(index: Path) -> CacheInfo | None:
    """One index folder, its sharing left open; None if it does not even tell level and type."""
    level = read_int(index / "level")
    kind = (read_text(index / "type") or "").lower()
    if level is None or kind not in get_args(CacheType):
        return None
    return CacheInfo(
        level=level,
        type=kind,  # type: ignore[arg-type]  # checked above
        size_bytes=parse_size(read_text(index / "size")),
        line_size_bytes=_positive(read_int(index / "coherency_line_size")),
        ways_of_associativity=_positive(read_int(index / "ways_of_associativity")),
        number_of_sets=_positive(read_int(index / "number_of_sets")),
        shared_cpus=(),
        instances=0,
        source="sysfs",
    )


def parse_size(text: str | None) -> int | None:
    """Bytes from sysfs' `32K` or `4M`; None for nothing, nonsense or 0, by which the kernel says unknown."""
    match = re.fullmatch(r"([0-9]{1,9})([KMG]?)", text or "")
    return _positive(int(match[1]) * _UNITS[match[2]]) if match else None


def parse_cpu_list(text: str | None) -> tuple[int, ...]:
    """CPU numbers from `0-3,8`; empty for nonsense."""
    found: set[int] = set()
    for part in (text or "").split(","):
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part.strip())
        if match is None or int(match[2] or match[1]) > _MAX_CPU:
            return ()
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(found))


def _positive(value: int | None) -> int | None:
    return value if value and value > 0 else None
