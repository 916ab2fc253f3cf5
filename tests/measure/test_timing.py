import gc
import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.measure.timing import (
    IDENTITY_PART,
    MAX_CALLS,
    MIN_ROUNDS,
    WARM_UP_CALLS,
    Arms,
    Times,
    calibrate,
    time_set,
    time_slice,
    timer_overhead_ns,
)

MS = 1_000_000
S = 1000 * MS
NAMES = ("a", "b", "c", "d")


class FakeClock:
    """Stands still but for the calls, and for `tick` nanoseconds at each reading."""

    def __init__(self, tick: int = 0) -> None:
        self.now = 0
        self.tick = tick

    def __call__(self) -> int:
        self.now += self.tick
        return self.now

    def call(self, duration: int, log: list[str] | None = None, name: str = "") -> Callable[[], None]:
        def advance() -> None:
            self.now += duration
            if log is not None:
                log.append(name)

        return advance


def timed(arms: Arms[str], clock: FakeClock, *, rounds: int = 11, limit_ns: int = 2 * S) -> Times[str]:
    return time_set(arms, clock, rounds=rounds, slice_ns=MS, limit_ns=limit_ns, generator=random.Random(1))


def alike(clock: FakeClock, duration: int, log: list[str] | None = None) -> dict[str, Callable[[], None]]:
    return {arm: clock.call(duration, log, arm) for arm in NAMES}


def test_a_slice_is_its_calls_after_one_that_does_not_count() -> None:
    clock = FakeClock()
    log: list[str] = []
    assert time_slice(clock.call(7, log, "x"), 10, clock) == 70
    assert len(log) == 11


def test_a_cold_slice_evicts_before_every_call_and_counts_only_the_calls() -> None:
    clock = FakeClock()
    log: list[str] = []
    found = time_slice(clock.call(7, log, "call"), 3, clock, evict=clock.call(1000, log, "evict"))
    assert found == 3 * 7
    assert log == ["evict", "call"] * 3


@given(st.integers(100, 10 * MS))
def test_slices_of_the_fastest_arm_last_about_a_millisecond(duration: int) -> None:
    clock = FakeClock()
    count = calibrate([clock.call(duration), clock.call(3 * duration)], clock, slice_ns=MS)
    assert count >= 1
    if duration >= MS:
        assert count == 1
    else:
        assert 0.5 * MS <= count * duration <= 1.6 * MS


def test_a_slow_timer_makes_longer_slices() -> None:
    clock = FakeClock(tick=5000)
    assert timer_overhead_ns(clock) == 5000
    assert calibrate([clock.call(1000)], clock, slice_ns=MS) * 1000 >= 4 * MS


def test_calls_that_take_no_time_do_not_run_for_ever() -> None:
    clock = FakeClock()
    assert calibrate([clock.call(0)], clock, slice_ns=MS) == MAX_CALLS


def test_evictions_are_part_of_a_cold_slices_length() -> None:
    clock = FakeClock()
    assert calibrate([clock.call(1000)], clock, slice_ns=MS, evict=clock.call(99_000)) == 10
    assert calibrate([clock.call(1000)], clock, slice_ns=MS, evict=clock.call(5 * MS)) == 1


def test_a_set_times_every_arm_once_a_round_in_random_order() -> None:
    clock = FakeClock()
    log: list[str] = []
    times = timed(Arms(alike(clock, MS, log)), clock)
    assert times.calls == 1
    assert {arm: len(found) for arm, found in times.slices_ns.items()} == dict.fromkeys(NAMES, 11)
    assert (times.identity_calls, times.identity_ns) == (0, ())
    assert times.rounds_ns == 11 * len(NAMES) * 2 * MS
    rounds = log[-11 * len(NAMES) * 2 :]
    orders = {tuple(rounds[at : at + 8 : 2]) for at in range(0, len(rounds), 8)}
    assert all(sorted(order) == sorted(NAMES) for order in orders)
    assert len(orders) > 5


@pytest.mark.parametrize(("call_ns", "rounds"), [(MS, 11), (100 * MS, MIN_ROUNDS), (10_000 * MS, MIN_ROUNDS)])
def test_slow_calls_get_fewer_rounds_but_never_fewer_than_three(call_ns: int, rounds: int) -> None:
    clock = FakeClock()
    times = timed(Arms(alike(clock, call_ns)), clock)
    assert {len(found) for found in times.slices_ns.values()} == {rounds}


def test_all_rounds_together_stay_within_the_limit() -> None:
    clock = FakeClock()
    times = timed(Arms(alike(clock, 10 * MS)), clock, rounds=100, limit_ns=S)
    assert times.rounds_ns <= S
    assert {len(found) for found in times.slices_ns.values()} == {12}  # of 4 arms, 2 calls of 10 ms each


def test_one_or_two_rounds_can_be_asked_for() -> None:
    clock = FakeClock()
    for rounds in (1, 2):
        assert len(timed(Arms({"a": clock.call(MS)}), clock, rounds=rounds).slices_ns["a"]) == rounds


def test_the_identity_model_is_timed_in_every_round_in_slices_that_are_shorter() -> None:
    clock = FakeClock()
    log: list[str] = []
    times = timed(Arms(alike(clock, 50_000, log), identity=clock.call(1000, log, "identity")), clock)
    assert len(times.identity_ns) == 11
    assert set(times.slices_ns) == set(NAMES)
    assert times.identity_calls * 1000 == pytest.approx(MS / IDENTITY_PART, rel=0.1)
    assert set(times.identity_ns) == {times.identity_calls * 1000}
    starts = [name for at, name in enumerate(log) if at == 0 or log[at - 1] != name]
    places = {starts[at - 5 : at].index("identity") for at in range(len(starts), len(starts) - 40, -5)}
    assert len(places) > 1  # its turn is drawn as well


@pytest.mark.parametrize("percent", [1, 3, 5, 20, 30, 100])
def test_a_slowed_arm_makes_exactly_so_many_percent_more_calls_than_are_counted(percent: int) -> None:
    clock = FakeClock()
    log: list[str] = []
    times = timed(Arms(alike(clock, 20_000, log), extra_percent={"c": percent, "d": percent}), clock, rounds=3)
    made = {arm: log.count(arm) for arm in NAMES}
    calibration = made["a"] - 3 * (times.calls + 1)
    assert calibration >= WARM_UP_CALLS
    assert made["c"] - made["a"] == 3 * times.calls * percent / 100
    assert times.slices_ns["c"][0] / times.slices_ns["a"][0] == pytest.approx(1 + percent / 100, rel=1e-12)
    assert times.slices_ns["b"] == times.slices_ns["a"]


def test_a_slow_call_is_slowed_by_as_many_percent_too() -> None:
    """A call that is a slice by itself: a hundredth of it cannot be made, so a slice becomes longer."""
    clock = FakeClock()
    times = timed(Arms(alike(clock, 5 * MS), extra_percent={"c": 5}), clock, rounds=3, limit_ns=100 * S)
    assert times.slices_ns["c"][0] * 100 == times.slices_ns["a"][0] * 105
    assert times.calls == 20


def test_cold_arms_are_evicted_before_every_call_the_slowed_ones_too() -> None:
    clock = FakeClock()
    log: list[str] = []
    evict = clock.call(400_000, log, "evict")
    arms = Arms(alike(clock, 1000, log), clock.call(10, log, "identity"), evict, {"c": 50})
    times = timed(arms, clock, rounds=3)
    assert times.slices_ns["a"] == (times.calls * 1000,) * 3
    assert times.slices_ns["c"] == (times.calls * 1500,) * 3
    assert times.identity_ns == (times.identity_calls * 10,) * 3
    made = 3 * (3 * times.calls + times.calls * 3 // 2 + times.identity_calls)
    assert log[-2 * made :: 2] == ["evict"] * made
    assert "evict" not in log[-2 * made + 1 :: 2]


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100)), st.integers(1, 50))
def test_extra_calls_are_always_whole(percents: Mapping[str, int], units: int) -> None:
    arms = Arms({}, extra_percent=percents)
    counted = units * arms.unit
    for arm in NAMES:
        assert arms.made_calls(arm, counted) * 100 == counted * (100 + percents.get(arm, 0))


def test_garbage_collection_rests_while_arms_are_timed_and_goes_on_afterwards() -> None:
    clock = FakeClock()
    seen: set[bool] = set()

    def call() -> None:
        clock.now += MS
        seen.add(gc.isenabled())

    def fail() -> None:
        raise RuntimeError

    timed(Arms({"a": call}), clock)
    assert seen == {False}
    with pytest.raises(RuntimeError):
        timed(Arms({"a": fail}), clock)
    assert gc.isenabled()
