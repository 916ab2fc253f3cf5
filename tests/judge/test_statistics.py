import itertools
import math
import random

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.judge import statistics
from profiler.judge.statistics import (
    EXACT_FLIPS,
    RANDOM_FLIPS,
    exp,
    expm1,
    proportion_interval,
    sign_flip_p_value,
    t_cdf,
    t_interval,
    t_p_value,
    t_quantile,
)

DRAWN = RANDOM_FLIPS + 1
VALUES = st.floats(-1, 1).map(lambda value: round(value, 6))


@given(st.floats(0.5, 0.9999), st.integers(1, 500))
@settings(deadline=None)
def test_quantiles_are_those_of_scipy(probability: float, degrees: int) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(
        scipy.stats.t.ppf(probability, degrees), rel=1e-7, abs=1e-7
    )


@given(st.floats(-50, 50), st.integers(1, 500))
@settings(deadline=None)
def test_the_distribution_function_is_that_of_scipy(t: float, degrees: int) -> None:
    assert t_cdf(t, degrees) == pytest.approx(scipy.stats.t.cdf(t, degrees), rel=1e-7, abs=1e-8)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40))
def test_intervals_are_those_of_scipy(values: list[float]) -> None:
    found = t_interval(values, confidence_level=0.95)
    error = scipy.stats.sem(values)
    if error > 0:
        low, high = scipy.stats.t.interval(0.95, len(values) - 1, loc=found.point, scale=error)
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-7, abs=1e-9)
    assert found.low <= found.point <= found.high


def test_one_value_says_nothing() -> None:
    assert t_interval([0.2], confidence_level=0.95).high == math.inf


@pytest.mark.parametrize(("probability", "degrees"), [(0.4, 3), (1.0, 3), (0.9, 0)])
def test_quantiles_that_do_not_exist_are_refused(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(probability, degrees)


@given(st.lists(VALUES, min_size=2, max_size=40), VALUES)
@settings(deadline=None)
def test_one_sided_p_values_are_those_of_scipy(values: list[float], threshold: float) -> None:
    if len(set(values)) > 1:
        right = scipy.stats.ttest_1samp(values, threshold, alternative="greater").pvalue
        assert t_p_value(values, threshold) == pytest.approx(right, rel=1e-6, abs=1e-9)


def test_values_without_spread_are_certain() -> None:
    assert t_p_value([0.5, 0.5, 0.5], 0.25) == 0
    assert t_p_value([0.25, 0.25, 0.25], 0.5) == 1
    assert t_p_value([0.25, 0.25, 0.25], 0.25) == 1


def test_very_small_p_values_keep_their_digits() -> None:
    """A difference of 1 and something next to 1 would have none left."""
    values = [1 + 1e-4 * at for at in range(32)]
    right = scipy.stats.ttest_1samp(values, 0.0, alternative="greater").pvalue
    assert 0 < right < 1e-60
    assert t_p_value(values, 0.0) == pytest.approx(right, rel=1e-6)


def flip_by_hand(values: list[float], threshold: float) -> float:
    """The share of all assignments of signs that give at least the sum seen."""
    shifted = [value - threshold for value in values]
    reach = sum(shifted) - 1e-12 * sum(map(abs, shifted))
    sums = [
        sum(sign * value for sign, value in zip(signs, shifted, strict=True))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    return sum(total >= reach for total in sums) / len(sums)


@given(st.lists(st.integers(-8, 8).map(lambda value: value / 8) | VALUES, min_size=1, max_size=10), VALUES)
@settings(deadline=None)
def test_sign_flips_count_every_assignment(values: list[float], threshold: float) -> None:
    """Eighths make ties, which have to count as as large."""
    assert sign_flip_p_value(tuple(values), threshold) == flip_by_hand(values, threshold)


def test_sign_flips_of_values_all_on_one_side_are_one_assignment_of_all() -> None:
    assert sign_flip_p_value((0.1,) * 8, 0.03) == 1 / 2**8
    assert sign_flip_p_value((0.1, 0.2) * EXACT_FLIPS, 0.03) == 1 / 2 ** (2 * EXACT_FLIPS)
    assert sign_flip_p_value((0.1,) * 8, 0.2) == 1.0
    assert sign_flip_p_value((-0.1,) * 8, 0.0) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_drawn_sign_flips_agree_with_all_of_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many assignments tell a share p within four standard errors of it."""
    generator = random.Random(seed)
    values = tuple(generator.gauss(0.2 * (seed + 1), 2) for _ in range(EXACT_FLIPS))
    exact = sign_flip_p_value(values, 0.0)
    monkeypatch.setattr(statistics, "EXACT_FLIPS", EXACT_FLIPS - 1)
    sign_flip_p_value.cache_clear()
    drawn = sign_flip_p_value(values, 0.0)
    sign_flip_p_value.cache_clear()
    assert drawn != exact
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / DRAWN) + 1 / DRAWN)


def test_drawn_sign_flips_are_the_same_every_time_and_never_0() -> None:
    """But for the smallest all are far above 0: next to no assignment gives as much."""
    values = (-0.001, *(1.0 + at / 100 for at in range(EXACT_FLIPS)))
    first = sign_flip_p_value(values, 0.0)
    sign_flip_p_value.cache_clear()
    assert sign_flip_p_value(values, 0.0) == first == 1 / DRAWN


@given(st.lists(VALUES, min_size=5, max_size=12), VALUES)
@settings(deadline=None)
def test_p_values_do_not_depend_on_the_order(values: list[float], threshold: float) -> None:
    turned = values[::-1]
    assert sign_flip_p_value(tuple(values), threshold) == sign_flip_p_value(tuple(turned), threshold)
    if len(set(values)) > 1:
        assert t_p_value(values, threshold) == pytest.approx(t_p_value(turned, threshold), rel=1e-6, abs=1e-12)


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.999]))
@settings(deadline=None)
def test_proportions_have_the_exact_interval_of_scipy(trials: int, share: float, level: float) -> None:
    successes = round(share * trials)
    right = scipy.stats.binomtest(successes, trials).proportion_ci(confidence_level=level, method="exact")
    found = proportion_interval(successes, trials, confidence_level=level)
    assert found == pytest.approx((right.low, right.high), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_proportions_that_are_none_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        proportion_interval(successes, trials)


def test_ratios_beyond_a_float_are_as_large_as_makes_no_difference() -> None:
    assert exp(0.5) == math.exp(0.5)
    assert expm1(1e-9) == math.expm1(1e-9)
    assert 1e300 < exp(1e6) < math.inf
    assert 1e300 < expm1(math.inf) < math.inf
    assert exp(-1e6) == 0
