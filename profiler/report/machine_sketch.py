"""Cores and caches as a drawing of letters: a column for each CPU, a bar over those that share a cache."""

from collections.abc import Sequence

from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.report.screen import WIDTH
from profiler.report.values import format_bytes

_LABEL = 6
_MIN_CELL, _MAX_CELL = 9, 18
_NAMES = {"data": "d", "instruction": "i", "unified": ""}


def draw_caches(hardware: HardwareInfo) -> tuple[str, ...]:
    """The drawing, line by line; empty where there are too many CPUs for it, or no cache of known sharing."""
    caches = [cache for cache in hardware.caches if cache.shared_cpus]
    cpus = sorted({cpu for cache in caches for shared in cache.shared_cpus for cpu in shared})
    if not cpus or len(cpus) > (WIDTH - _LABEL) // _MIN_CELL:
        return ()
    cell = min(_MAX_CELL, (WIDTH - _LABEL) // len(cpus))
    cores = {cpu: kind.name or "" for kind in hardware.core_types for cpu in kind.cpus}
    lines = [_line("CPU", [str(cpu).center(cell - 1) for cpu in cpus])]
    if len(set(cores.values())) > 1:
        lines.append(
            _line("", [cores.get(cpu, "").removeprefix("Cortex-")[: cell - 1].center(cell - 1) for cpu in cpus])
        )
    rows: dict[tuple[int, str], list[CacheInfo]] = {}
    for cache in caches:
        rows.setdefault((cache.level, cache.type), []).append(cache)
    lines += [
        _line(f"L{level}{_NAMES[kind]}", _row(found, cpus, cell)) for (level, kind), found in sorted(rows.items())
    ]
    return tuple(lines)


def _row(caches: Sequence[CacheInfo], cpus: Sequence[int], cell: int) -> list[str]:
    """The caches of one level and type. CPUs that share one and lie apart get a bar each."""
    owner: dict[int, tuple[tuple[int, ...], CacheInfo]] = {}
    for cache in caches:
        for shared in cache.shared_cpus:
            owner.update(dict.fromkeys(shared, (shared, cache)))
    cells: list[str] = []
    position = 0
    while position < len(cpus):
        own = owner.get(cpus[position])
        end = position + 1
        while own is not None and end < len(cpus) and owner.get(cpus[end]) == own:
            end += 1
        width = cell * (end - position) - 1
        cells.append(_bar(_short(own[1].size_bytes), width) if own else " " * width)
        position = end
    return cells


def _short(size_bytes: int | None) -> str:
    """A size in few letters: `32K`, `1M`."""
    return format_bytes(size_bytes).replace("iB", "").replace(" ", "")


def _bar(text: str, width: int) -> str:
    return f"[{text[: width - 2].center(width - 2)}]"


def _line(label: str, cells: Sequence[str]) -> str:
    return (label.ljust(_LABEL) + " ".join(cells)).rstrip()
