"""How steady fixed work is on this machine: the canary's task over and over."""

import hashlib
import statistics
import time
from collections.abc import Callable

from profiler.machine.canary import CANARY_BYTES
from profiler.machine.limits.records import CanaryFigures

SPEND_S = 0.3
MIN_TIMES = 20  # the 95th percentile is then one of the times


def measure_steadiness(spend_s: float = SPEND_S, clock: Callable[[], float] = time.perf_counter) -> CanaryFigures:
    """Best, median and 95th percentile of the time for the SHA-256 of 64 KiB, each time counted alone."""
    data = bytes(CANARY_BYTES)
    hashlib.sha256(data).digest()
    times: list[float] = []
    end_s = clock() + spend_s
    while clock() < end_s or len(times) < MIN_TIMES:
        start_s = clock()
        hashlib.sha256(data).digest()
        times.append(clock() - start_s)
    p95_s = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return CanaryFigures(best_s=min(times), median_s=statistics.median(times), p95_s=p95_s)
