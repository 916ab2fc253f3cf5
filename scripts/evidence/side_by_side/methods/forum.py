"""The script of the forum answer: `nStat` batches of `nTime` calls per arm in turn, then mean and standard error.

As there, `nWarm` = `nTime`, `nStat` = 10 and the standard error is stdev / sqrt(nStat - 1); `nTime` is chosen to fill
the budget. The text has no rule. A reader would take "mean +- standard error" so: different when the means are more
than two combined standard errors apart.
"""

import math
import statistics
import time

from scripts.evidence.side_by_side.pairs import Request, Unit, load_units
from scripts.evidence.side_by_side.results import Answer, answer

BATCHES = 10
STANDARD_ERRORS = 2
TRIAL_PART = 20  # of the time left


def start(_request: Request) -> None:
    """It has no worker."""


def measure(request: Request) -> list[Answer]:
    """Run the script."""
    first, second = load_units(request)
    count = _count(first, second, request.deadline_s)
    for _ in range(count):
        first()
        second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(BATCHES):
        for unit, batch in zip((first, second), times, strict=True):
            batch.append(_seconds(unit, count))
    return [_compare(*times)]


def _count(first: Unit, second: Unit, deadline_s: float) -> int:
    """Units per batch, from a short trial: both arms' warm-up and batches shall end at the deadline."""
    begin = time.monotonic()
    trial_s = (deadline_s - begin) / TRIAL_PART
    trials = 0
    while not trials or time.monotonic() - begin < trial_s:
        first()
        second()
        trials += 1
    now = time.monotonic()
    return max(1, int(trials * (deadline_s - now) / (now - begin) / (BATCHES + 1)))


def _seconds(unit: Unit, count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        unit()
    return time.perf_counter() - begin


def _compare(first: list[float], second: list[float]) -> Answer:
    mean = statistics.mean(first)
    errors = [statistics.stdev(times) / math.sqrt(BATCHES - 1) for times in (first, second)]
    difference, spread = statistics.mean(second) - mean, STANDARD_ERRORS * math.hypot(*errors)
    ratios = (1 + difference / mean, 1 + (difference - spread) / mean, 1 + (difference + spread) / mean)
    return answer("forum script", is_different=abs(difference) > spread, ratios=ratios)
