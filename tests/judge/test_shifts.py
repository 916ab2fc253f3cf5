"""Two sessions with a known truth: how often a change is called, and that swapping them mirrors all that is said."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from profiler.judge.shifts import (
    Doubt,
    Shift,
    TwoSamples,
    doubt_about,
    judge_shifts,
    larger_end,
    median_shift,
    welch_interval,
)
from profiler.judge.verdicts import DEFAULT_LOOKS

MARGIN, LEVEL = 0.03, 0.95
BOUND = math.log1p(MARGIN)
PAIRS, CASES = 300, 12
ALLOWED = int(scipy.stats.binom.ppf(0.999, PAIRS, 1 - LEVEL))  # a rate of 5 % gives more once in 1000 times
MIRRORED = {Shift.UP: Shift.DOWN, Shift.DOWN: Shift.UP, Shift.WITHIN: Shift.WITHIN, Shift.UNDECIDED: Shift.UNDECIDED}


def draw(
    generator: np.random.Generator, *, change: float = 0.0, drift: float = 0.0, seen: bool = True
) -> dict[int, TwoSamples]:
    """A pair of sessions: every case with its own spread and number of passes, tails as heavy as placement's.

    All new times are longer by `change` + `drift` (logs), and the canary, if it sees it, by `drift`.
    """
    canaries = [(shift + 0.01 * generator.standard_t(3, 17)).tolist() for shift in (0.0, drift if seen else 0.0)]
    slack = larger_end(median_shift(*canaries, confidence_level=LEVEL))
    found = {}
    for case in range(CASES):
        spread = min(0.05, generator.lognormal(math.log(0.01), 0.5))
        old, new = (spread * generator.standard_t(3, generator.choice(DEFAULT_LOOKS)) / math.sqrt(3) for _ in range(2))
        found[case] = TwoSamples(tuple(old.tolist()), tuple((new + change + drift).tolist()), 0.005, slack)
    return found


def judged(samples: dict[int, TwoSamples]) -> list[Shift]:
    return list(judge_shifts(samples, margin=MARGIN, confidence_level=LEVEL).values())


def called(samples: dict[int, TwoSamples]) -> bool:
    return any(shift in (Shift.UP, Shift.DOWN) for shift in judged(samples))


@pytest.mark.parametrize("drift", [0.0, 0.03, -0.1])
def test_where_nothing_changed_but_what_the_canary_saw_false_alarms_are_rare(drift: float) -> None:
    generator = np.random.default_rng([2026, round(1000 * abs(drift))])
    pairs = [draw(generator, drift=drift) for _ in range(PAIRS)]
    assert sum(map(called, pairs)) <= ALLOWED


def test_a_change_of_just_the_margin_is_called_no_oftener_than_promised() -> None:
    """The hardest truth, without a drift to allow for; each case judged by itself, the promise would not hold."""
    generator = np.random.default_rng(7)
    alarms = naive = 0
    for _ in range(PAIRS):
        samples = {
            key: TwoSamples(one.old, one.new, one.noise_floor) for key, one in draw(generator, change=BOUND).items()
        }
        alarms += called(samples)
        naive += any(called({key: one}) for key, one in samples.items())
    assert alarms <= ALLOWED
    assert naive > ALLOWED


def test_a_slowdown_of_10_percent_is_found_and_one_that_the_canary_shares_is_not() -> None:
    generator = np.random.default_rng(11)
    slower = [shift for _ in range(30) for shift in judged(draw(generator, change=math.log(1.1)))]
    assert slower.count(Shift.UP) > 0.75 * len(slower)
    assert not {Shift.DOWN, Shift.WITHIN} & set(slower)
    shared = [shift for _ in range(30) for shift in judged(draw(generator, drift=math.log(1.1)))]
    assert set(shared) == {Shift.UNDECIDED}
    unseen = [shift for _ in range(30) for shift in judged(draw(generator, drift=math.log(1.1), seen=False))]
    assert unseen.count(Shift.UP) > 0.75 * len(unseen)  # the canary is what keeps the second line quiet


def test_a_quiet_pair_without_a_change_is_unchanged() -> None:
    quiet = tuple(0.001 * value for value in (-2, -1, 0, 1, 2, 0, 1, -1))
    samples = TwoSamples(quiet, quiet[::-1], 0.005, 0.005)
    assert judged({0: samples}) == [Shift.WITHIN]


@pytest.mark.parametrize(
    ("floor", "drift", "passes", "doubt"),
    [
        (0.005, 0.04, 8, Doubt.DRIFT),
        (0.04, 0.0, 8, Doubt.NOISE),
        (0.005, None, 8, Doubt.NO_CANARY),
        (None, 0.0, 8, Doubt.FEW_PASSES),
        (0.005, 0.0, 4, Doubt.FEW_PASSES),
        (0.005, 0.0295, 8, Doubt.WIDE),
    ],
)
def test_what_is_not_known_or_too_noisy_is_never_unchanged(
    floor: float | None, drift: float | None, passes: int, doubt: Doubt
) -> None:
    quiet = tuple(0.001 * value for value in (-2, -1, 0, 1, 2, 0, 1, -1))[:passes]
    samples = TwoSamples(quiet, quiet, floor, drift)
    assert judged({0: samples}) == [Shift.UNDECIDED]
    assert doubt_about(samples, margin=MARGIN) is doubt


@pytest.mark.parametrize(("floor", "drift"), [(0.12, 0.0), (None, 0.0), (0.005, None), (0.005, 0.09)])
def test_a_change_inside_noise_or_drift_is_not_called(floor: float | None, drift: float | None) -> None:
    quiet = tuple(0.001 * value for value in (-2, -1, 0, 1, 2, 0, 1, -1))
    slower = tuple(value + math.log(1.1) for value in quiet)
    assert judged({0: TwoSamples(quiet, slower, 0.005, 0.005)}) == [Shift.UP]
    assert judged({0: TwoSamples(quiet, slower, floor, drift)}) == [Shift.UNDECIDED]


def test_intervals_are_those_of_scipy() -> None:
    generator = np.random.default_rng(3)
    old, new = generator.normal(0, 1, 9).tolist(), generator.normal(0.5, 3, 14).tolist()
    found = welch_interval(old, new, confidence_level=LEVEL)
    told = scipy.stats.ttest_ind(new, old, equal_var=False).confidence_interval(LEVEL)
    assert found is not None
    assert found.point == pytest.approx(np.mean(new) - np.mean(old))
    assert found.low == pytest.approx(told.low, rel=0.02)  # the degrees of freedom are rounded down: never narrower
    assert found.low <= told.low
    assert found.high >= told.high
    assert welch_interval([0.0], new, confidence_level=LEVEL) is None


def test_the_drift_interval_covers_and_a_few_slow_moments_do_not_move_it() -> None:
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(1000):
        old, new = generator.standard_t(3, 12), generator.standard_t(3, 9) + 1
        found = median_shift(old.tolist(), new.tolist(), confidence_level=LEVEL)
        assert found is not None
        covered += found.low <= 1 <= found.high
    assert covered / 1000 > 0.94
    steady = [0.001 * (at % 3) for at in range(20)]
    moved = median_shift(steady, [*steady[:-2], 0.5, 0.7], confidence_level=LEVEL)
    assert moved is not None
    assert -0.005 < moved.low <= moved.point <= moved.high < 0.005
    assert median_shift([], steady, confidence_level=LEVEL) is None
    few = median_shift([0.0, 0.1], [0.0, 0.3], confidence_level=LEVEL)
    assert few is not None
    assert (few.low, few.high) == (-0.1, 0.3)


LOGS = st.lists(st.floats(-1, 1).map(lambda value: round(value, 3)), min_size=0, max_size=12).map(tuple)
FLOORS = st.one_of(st.none(), st.floats(0, 0.1))


@given(st.lists(st.tuples(LOGS, LOGS, FLOORS, FLOORS, st.sampled_from([0.001, 0.1, 1.0])), min_size=1, max_size=6))
def test_swapping_old_and_new_mirrors_everything(
    drawn: list[tuple[tuple[float, ...], tuple[float, ...], float | None, float | None, float]],
) -> None:
    samples = {
        at: TwoSamples(tuple(scale * one for one in old), tuple(0.2 + scale * one for one in new), floor, drift)
        for at, (old, new, floor, drift, scale) in enumerate(drawn)
    }
    swapped = {at: TwoSamples(one.new, one.old, one.noise_floor, one.drift) for at, one in samples.items()}
    assert judged(swapped) == [MIRRORED[shift] for shift in judged(samples)]
    for at, one in samples.items():
        for interval in (welch_interval, median_shift):
            there = interval(one.old, one.new, confidence_level=LEVEL)
            back = interval(swapped[at].old, swapped[at].new, confidence_level=LEVEL)
            if there is None or back is None:
                assert there is back
                continue
            assert (back.low, back.point, back.high) == pytest.approx(
                (-there.high, -there.point, -there.low), abs=1e-12
            )
