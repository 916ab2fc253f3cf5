"""Whether hardware events count, and not only open: each is tried on a walk whose misses are known.

8 MiB are read a line at a time, by strides of a page: 2048 pages, and then the next line of each. The lines of a
stride fall into few sets of an L1 cache, which cannot keep them, and prefetchers do not cross pages. So nearly every
read misses L1, and a last level that is smaller than the buffer as well; an emulated Raspberry Pi 4 counts 0.
"""

import platform
from collections.abc import Callable

from profiler.measure.counting.events import Event, events_of
from profiler.measure.counting.job import Tried
from profiler.measure.counting.perf import LinuxPerf, Perf, count_event

BUFFER_BYTES = 8 << 20
PAGE_BYTES = 4096
LINE_BYTES = 64
WORD_BYTES = 4
LINES = BUFFER_BYTES // LINE_BYTES
LEAST_SHARE = 0.1  # of the lines: what must be counted to be believed
MIB = 1 << 20


def try_events() -> tuple[Tried, ...]:
    """Try every event that this machine may have on the walk whose misses are known."""
    walk = make_walk()
    walk()  # the pages must be there, and what numpy does once done
    perf = LinuxPerf()
    return tuple(try_event(perf, event, walk) for event in events_of(platform.machine()))


def try_event(perf: Perf, event: Event, walk: Callable[[], object]) -> Tried:
    """Count one event on a walk, and say why it cannot be used if the count is too low to be true."""
    reading = count_event(perf, event, walk)
    if reading.problem is not None:
        return Tried(event=event.name, count=None, problem=reading.problem)
    if reading.count < LEAST_SHARE * LINES:
        problem = (
            f"opened, but counted {reading.count:,.0f} on a walk over {LINES:,} lines: it does not count here, or a "
            f"cache holds all {BUFFER_BYTES // MIB} MiB"
        )
        return Tried(event=event.name, count=reading.count, problem=problem)
    return Tried(event=event.name, count=reading.count, problem=None)


def make_walk() -> Callable[[], object]:
    """The walk whose misses are known, over a buffer of its own."""
    import numpy as np

    buffer = np.ones(BUFFER_BYTES // WORD_BYTES, np.int32)  # ones: untouched pages would all be the same one
    step = LINE_BYTES // WORD_BYTES
    views = [buffer[start :: PAGE_BYTES // WORD_BYTES] for start in range(0, PAGE_BYTES // WORD_BYTES, step)]
    return lambda: [view.sum() for view in views]
