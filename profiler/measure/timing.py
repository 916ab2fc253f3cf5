"""Timing one set of arms: slices, rounds, calibration. Takes its clock: tests bring an invented one."""

import dataclasses
import gc
import itertools
import math
import random
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

Clock = Callable[[], int]
Call = Callable[[], object]
Key = TypeVar("Key", bound=Hashable)

WARM_UP_CALLS = 3  # torch's profiling executor re-specialises on the second call (pytorch issue 33354)
OVERHEADS_PER_SLICE = 1000  # a slice lasts at least this many timer overheads
MIN_ROUNDS = 3
MAX_CALLS = 1_000_000
IDENTITY_PART = 4  # slices of the identity model last so much less: its time is needed less exactly


def timer_overhead_ns(clock: Clock) -> int:
    """The shortest time between two readings of the clock that differ, or 0 for a clock that stands still."""
    gaps = [-clock() + clock() for _ in range(200)]
    return min((gap for gap in gaps if gap > 0), default=0)


@dataclasses.dataclass(frozen=True)
class Arms(Generic[Key]):
    """What one set times, each arm by whatever the caller names it.

    `extra_percent` is how many more calls in a hundred an arm makes than are counted: a known slowdown for controls.
    `identity` is the identity model's call, `evict` pushes the weights out of the caches before every call.
    """

    calls: Mapping[Key, Call]
    identity: Call | None = None
    evict: Call | None = None
    extra_percent: Mapping[Key, int] = dataclasses.field(default_factory=dict)

    @property
    def unit(self) -> int:
        """Counted calls come in multiples of this, so that the extra ones are whole."""
        return math.lcm(*(100 // math.gcd(100, percent) for percent in self.extra_percent.values() if percent))

    def made_calls(self, arm: Key, counted: int) -> int:
        """How many calls a slice of an arm makes."""
        return counted + counted * self.extra_percent.get(arm, 0) // 100


@dataclasses.dataclass(frozen=True)
class Times(Generic[Key]):
    """One set: calls per slice, and each arm's slice times in nanoseconds; the same for the identity model."""

    calls: int
    slices_ns: dict[Key, tuple[int, ...]]
    identity_calls: int
    identity_ns: tuple[int, ...]
    rounds_ns: int


def time_slice(call: Call, count: int, clock: Clock, *, evict: Call | None = None) -> int:
    """The time of `count` calls in nanoseconds: warm after one untimed call, cold each after an eviction."""
    if evict is not None:
        return sum(_time_cold(call, clock, evict) for _ in range(count))
    call()
    start = clock()
    for _ in itertools.repeat(None, count):
        call()
    return clock() - start


def _time_cold(call: Call, clock: Clock, evict: Call) -> int:
    evict()
    start = clock()
    call()
    return clock() - start


def calibrate(calls: Iterable[Call], clock: Clock, *, slice_ns: int, evict: Call | None = None) -> int:
    """Calls per slice, the same for all arms, so that the fastest arm's slice lasts about `slice_ns`.

    Each arm is warmed up first. A call that lasts `slice_ns` or more is a slice by itself. Where an eviction goes
    before every call, it counts as part of the slice.
    """
    arms = list(calls)
    warm_up(arms)
    if evict is not None:
        start = clock()
        evict()
        arms[0]()
        return max(1, slice_ns // max(1, clock() - start))
    target = max(slice_ns, OVERHEADS_PER_SLICE * timer_overhead_ns(clock))
    return max(_calls_for(call, clock, target) for call in arms)


def warm_up(calls: Iterable[Call]) -> None:
    """Call each arm until a runtime has settled."""
    for call in calls:
        for _ in range(WARM_UP_CALLS):
            call()


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


def time_set(
    arms: Arms[Key],
    clock: Clock,
    *,
    rounds: int,
    slice_ns: int,
    limit_ns: int,
    generator: random.Random,
    like: Times[Key] | None = None,
) -> Times[Key]:
    """Time each arm once a round, in random order.

    Garbage collection is off meanwhile: it would strike one arm and not the others. Slow calls get fewer rounds, so
    that all stay within `limit_ns`, but never fewer than `MIN_ROUNDS`. With `like`, the other pair of the same set,
    slices and rounds are as many as there, whatever that takes.
    """
    slices: dict[Key | None, list[int]] = {arm: [] for arm in arms.calls}  # None: the identity model
    gc.collect()
    gc.disable()
    try:
        if like is None:
            count = calibrate(arms.calls.values(), clock, slice_ns=slice_ns, evict=arms.evict)
            count = math.ceil(count / arms.unit) * arms.unit
        else:
            warm_up(arms.calls.values())
            count, rounds = like.calls, len(next(iter(like.slices_ns.values())))
        todo: dict[Key | None, tuple[Call, int]] = {
            arm: (call, arms.made_calls(arm, count)) for arm, call in arms.calls.items()
        }
        identity_calls = 0
        if arms.identity is not None:
            identity_ns = slice_ns // IDENTITY_PART
            identity_calls = calibrate([arms.identity], clock, slice_ns=identity_ns, evict=arms.evict)
            todo[None], slices[None] = (arms.identity, identity_calls), []
        order = list(todo)
        started = clock()
        left = rounds
        while left > 0:
            generator.shuffle(order)
            for arm in order:
                call, made = todo[arm]
                slices[arm].append(max(1, time_slice(call, made, clock, evict=arms.evict)))
            left -= 1
            if len(slices[order[0]]) == 1 and like is None:
                left = min(rounds, max(MIN_ROUNDS, limit_ns // max(1, clock() - started))) - 1
        took = clock() - started
    finally:
        gc.enable()
    found = {arm: tuple(slices[arm]) for arm in arms.calls}
    return Times(count, found, identity_calls, tuple(slices.get(None, ())), took)
