"""What goes on around a process that measures: its own CPU time, everybody's, page faults, swapping, the canary.

Read in the worker before and after it times a block, so it imports nothing and reads little.
"""

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from profiler.machine.canary import measure_canary
from profiler.machine.records import Noise

Number = TypeVar("Number", int, float)
_BUSY = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq, steal: proc(5)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Counters at one moment. None where the system does not tell."""

    at_s: float
    cpu_s: float
    canary_s: float
    busy_s: float | None = None
    major_faults: int | None = None
    minor_faults: int | None = None
    involuntary_switches: int | None = None
    swapped_pages: int | None = None


def look_around() -> Surroundings:
    """Read all counters of this machine."""
    canary_s = measure_canary()
    faults = _usage()
    return Surroundings(
        at_s=time.perf_counter(),
        cpu_s=time.process_time(),
        canary_s=canary_s,
        busy_s=_busy_s(Path("/")),
        major_faults=faults[0],
        minor_faults=faults[1],
        involuntary_switches=faults[2],
        swapped_pages=_swapped_pages(Path("/")),
    )


def between(before: Surroundings, after: Surroundings) -> Noise:
    """The noise between two looks: what happened from one to the other."""
    cpu_s = after.cpu_s - before.cpu_s
    busy_s = _difference(after.busy_s, before.busy_s)
    return Noise(
        canary_s=(before.canary_s, after.canary_s),
        elapsed_s=max(0.0, after.at_s - before.at_s),
        cpu_s=max(0.0, cpu_s),
        other_cpu_s=None if busy_s is None else max(0.0, busy_s - cpu_s),
        major_faults=_difference(after.major_faults, before.major_faults),
        minor_faults=_difference(after.minor_faults, before.minor_faults),
        involuntary_switches=_difference(after.involuntary_switches, before.involuntary_switches),
        swapped_pages=_difference(after.swapped_pages, before.swapped_pages),
    )


def together(parts: Sequence[Noise]) -> Noise:
    """The noise of several stretches of time: counts added up, and the canary of the stretch where it was slowest."""
    slowest = max(parts, key=lambda part: max(part.canary_s))
    return Noise(
        canary_s=slowest.canary_s,
        elapsed_s=sum(part.elapsed_s for part in parts),
        cpu_s=sum(part.cpu_s for part in parts),
        other_cpu_s=_sum([part.other_cpu_s for part in parts]),
        major_faults=_sum([part.major_faults for part in parts]),
        minor_faults=_sum([part.minor_faults for part in parts]),
        involuntary_switches=_sum([part.involuntary_switches for part in parts]),
        swapped_pages=_sum([part.swapped_pages for part in parts]),
    )


def _sum(values: Sequence[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if len(known) == len(values) else None


def _usage() -> tuple[int | None, int | None, int | None]:
    try:
        import resource
    except ImportError:  # Windows
        return None, None, None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_majflt, usage.ru_minflt, usage.ru_nivcsw


def _busy_s(root: Path) -> float | None:
    """CPU time all processes together have used since boot, in steps of a tick (10 ms)."""
    try:
        ticks = (root / "proc/stat").read_text().split("\n", 1)[0].split()[1:]
        return sum(int(ticks[at]) for at in _BUSY) / _TICKS_PER_S
    except (OSError, ValueError, IndexError):
        return None


def _swapped_pages(root: Path) -> int | None:
    try:
        lines = (root / "proc/vmstat").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("pswpin ", "pswpout ")))
    except (OSError, ValueError, IndexError):
        return None


def _difference(later: Number | None, earlier: Number | None) -> Number | None:
    return None if later is None or earlier is None else later - earlier
