import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.measure.timing import MAX_CALLS, MIN_ROUNDS, calibrate, time_block, time_slice, timer_overhead_ns

MS = 1_000_000


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


def test_a_slice_is_its_calls_after_one_that_does_not_count() -> None:
    clock = FakeClock()
    log: list[str] = []
    assert time_slice(clock.call(7, log, "x"), 10, clock) == 70
    assert len(log) == 11


@given(st.integers(100, 10 * MS))
def test_slices_of_the_fastest_arm_last_about_a_millisecond(duration: int) -> None:
    clock = FakeClock()
    count = calibrate({"fast": clock.call(duration), "slow": clock.call(3 * duration)}, clock, slice_ns=MS)
    assert count >= 1
    if duration >= MS:
        assert count == 1
    else:
        assert 0.5 * MS <= count * duration <= 1.6 * MS


def test_a_slow_timer_makes_longer_slices() -> None:
    clock = FakeClock(tick=5000)
    assert timer_overhead_ns(clock) == 5000
    assert calibrate({"x": clock.call(1000)}, clock, slice_ns=MS) * 1000 >= 4 * MS


def test_calls_that_take_no_time_do_not_run_for_ever() -> None:
    clock = FakeClock()
    assert calibrate({"x": clock.call(0)}, clock, slice_ns=MS) == MAX_CALLS


def test_a_block_times_every_arm_once_a_round_in_random_order() -> None:
    clock = FakeClock()
    log: list[str] = []
    arms = ("a", "b", "c", "d")
    calls = {arm: clock.call(MS, log, arm) for arm in arms}
    count, slices = time_block(calls, clock, rounds=11, slice_ns=MS, generator=random.Random(1))
    assert count == 1
    assert {arm: len(times) for arm, times in slices.items()} == dict.fromkeys(arms, 11)
    timed = log[-11 * len(arms) * 2 :]
    orders = {tuple(timed[at : at + 8 : 2]) for at in range(0, len(timed), 8)}
    assert all(sorted(order) == sorted(arms) for order in orders)
    assert len(orders) > 5


@pytest.mark.parametrize(("call_ns", "rounds"), [(MS, 11), (100 * MS, MIN_ROUNDS), (10_000 * MS, MIN_ROUNDS)])
def test_slow_calls_get_fewer_rounds_but_never_fewer_than_three(call_ns: int, rounds: int) -> None:
    clock = FakeClock()
    calls = {arm: clock.call(call_ns) for arm in "abcd"}
    _, slices = time_block(calls, clock, rounds=11, slice_ns=MS, generator=random.Random(1))
    assert {len(times) for times in slices.values()} == {rounds}


def test_one_or_two_rounds_can_be_asked_for() -> None:
    clock = FakeClock()
    for rounds in (1, 2):
        _, slices = time_block({"a": clock.call(MS)}, clock, rounds=rounds, slice_ns=MS, generator=random.Random(1))
        assert len(slices["a"]) == rounds
