"""Timing one block: slices, rounds, calibration. Takes its clock, so that it can be tested with an invented one."""

import gc
import itertools
import random
from collections.abc import Callable, Mapping

Clock = Callable[[], int]
Call = Callable[[], object]

WARM_UP_CALLS = 3  # torch's profiling executor re-specialises on the second call (pytorch issue 33354)
OVERHEADS_PER_SLICE = 1000  # a slice lasts at least this many timer overheads
MIN_ROUNDS = 3
BLOCK_LIMIT_NS = 2_000_000_000  # what the rounds of a block shall take; slow calls get fewer of them, but MIN_ROUNDS
MAX_CALLS = 1_000_000


def timer_overhead_ns(clock: Clock) -> int:
    """The shortest time between two readings of the clock that differ, or 0 for a clock that stands still."""
    gaps = [-clock() + clock() for _ in range(200)]
    return min((gap for gap in gaps if gap > 0), default=0)


def time_slice(call: Call, count: int, clock: Clock) -> int:
    """The time of `count` calls in nanoseconds, after one untimed call."""
    call()
    start = clock()
    for _ in itertools.repeat(None, count):
        call()
    return clock() - start


def calibrate(calls: Mapping[str, Call], clock: Clock, *, slice_ns: int) -> int:
    """Calls per slice, the same for all arms, so that the fastest arm's slice lasts about `slice_ns`.

    Each arm is warmed up first. A call that lasts `slice_ns` or more is a slice by itself.
    """
    target = max(slice_ns, OVERHEADS_PER_SLICE * timer_overhead_ns(clock))
    for call in calls.values():
        for _ in range(WARM_UP_CALLS):
            call()
    return max(_calls_for(call, clock, target) for call in calls.values())


def _calls_for(call: Call, clock: Clock, target_ns: int) -> int:
    count = 1
    while True:
        start = clock()
        for _ in itertools.repeat(None, count):
            call()
        elapsed = clock() - start
        if elapsed >= target_ns / 2 or count >= MAX_CALLS:
            break
        count = min(MAX_CALLS, count * max(2, min(16, target_ns // max(1, elapsed))))
    return max(1, min(MAX_CALLS, round(count * target_ns / max(1, elapsed))))


def time_block(
    calls: Mapping[str, Call], clock: Clock, *, rounds: int, slice_ns: int, generator: random.Random
) -> tuple[int, dict[str, tuple[int, ...]]]:
    """Calls per slice, and each arm's slice times in nanoseconds, a round at a time in random order.

    Garbage collection is off meanwhile: it would strike one arm and not the others.
    """
    order = list(calls)
    slices: dict[str, list[int]] = {arm: [] for arm in calls}
    gc.collect()
    gc.disable()
    try:
        count = calibrate(calls, clock, slice_ns=slice_ns)
        left = rounds
        while left > 0:
            generator.shuffle(order)
            for arm in order:
                slices[arm].append(max(1, time_slice(calls[arm], count, clock)))
            left -= 1
            if len(slices[order[0]]) == 1:
                timed = sum(times[0] for times in slices.values())
                left = _rounds(timed + timed // count, rounds) - 1  # each slice has one more call than it times
    finally:
        gc.enable()
    return count, {arm: tuple(times) for arm, times in slices.items()}


def _rounds(round_ns: int, rounds: int) -> int:
    """How many rounds to run, seeing how long the first one took."""
    return min(rounds, max(MIN_ROUNDS, BLOCK_LIMIT_NS // max(1, round_ns)))
