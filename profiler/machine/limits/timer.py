"""The clock that all times are taken with."""

import time
from collections.abc import Callable

from profiler.machine.limits.records import TimerFigures

STEPS = 200
READINGS = 2000
REPEATS = 5


def measure_timer(clock: Callable[[], float] = time.perf_counter) -> TimerFigures:
    """The smallest step between two readings of the clock that differ, and what one reading costs, both at best."""
    resolution_s = min(_step(clock) for _ in range(STEPS))
    overhead_s = min(_reading(clock) for _ in range(REPEATS))
    return TimerFigures(resolution_s=resolution_s, overhead_s=max(0.0, overhead_s))


def _step(clock: Callable[[], float]) -> float:
    first = clock()
    while (then := clock()) <= first:
        pass
    return then - first


def _reading(clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(READINGS):
        clock()
    return (clock() - start) / (READINGS + 1)
