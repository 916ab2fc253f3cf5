"""What would decide an undecided case."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.judge.advice import MAX_PASSES, decidable_margin, more_passes
from profiler.judge.records import Verdict
from profiler.judge.statistics import t_quantile
from profiler.judge.verdicts import Rule, Series, judge
from tests.series import BOUND, MARGIN, NOISE, ONE_LOOK, alone, series


def test_more_passes_are_as_many_as_would_decide_the_case() -> None:
    """The interval of 10 passes reaches from 0 to 0.04; half as wide it fits below log(1.03)."""
    spread = 0.02 / t_quantile(0.975, 9) * math.sqrt(10)
    found = more_passes(alone(series(0.02, spread), ONE_LOOK))
    assert found is not None
    assert 25 < found < 45
    again = series(0.02, spread, passes=10 + found)
    assert alone(again, Rule(looks=(10 + found,))).verdict is Verdict.EQUAL
    again = series(0.02, spread, passes=10 + found - 3)
    assert alone(again, Rule(looks=(10 + found - 3,))).verdict is Verdict.UNDECIDED


def test_more_passes_lead_to_the_next_look_that_would_decide() -> None:
    found = alone(series(0.02, 0.02, passes=8), Rule(looks=(8, 16, 24, 32, 64)), is_over=False)
    advice = more_passes(found)
    assert advice is not None
    assert 8 + advice in (16, 24, 32, 64)
    assert advice > 8


def test_differences_need_more_passes_in_a_larger_suite() -> None:
    few, many = (
        more_passes(judge({"x": series(0.06, 0.05), **{str(at): NOISE for at in range(count)}}, ONE_LOOK)["x"])
        for count in (0, 100)
    )
    assert few is not None
    assert many is not None
    assert few < many


def test_nobody_is_told_to_go_on_where_that_would_not_help() -> None:
    decided = alone(series(0.2, 0.001), ONE_LOOK)
    on_the_margin = alone(series(BOUND, 0.01), ONE_LOOK)
    one_pass = alone(Series((0.1,), (0.0,)), ONE_LOOK)
    biased = alone(series(0.0, 0.001, null=0.05), ONE_LOOK)
    assert [more_passes(found) for found in (decided, on_the_margin, one_pass, biased)] == [None] * 4


def test_a_clear_case_with_too_few_passes_needs_the_missing_ones() -> None:
    found = alone(series(0.2, 0.001, passes=3), Rule(looks=(3,)))
    assert more_passes(found) == 2


@pytest.mark.parametrize(("mean", "spread", "null_spread"), [(0.02, 0.03, 1e-4), (-0.05, 0.1, 0.02), (0.0, 0.01, 0.2)])
def test_the_decidable_margin_is_the_smallest_at_which_the_case_is_equal(
    mean: float, spread: float, null_spread: float
) -> None:
    one = series(mean, spread, null_spread=null_spread)
    margin = decidable_margin(alone(one, ONE_LOOK))
    assert margin is not None
    assert margin > MARGIN
    assert alone(one, Rule(margin=1.01 * margin, looks=(10,))).verdict is Verdict.EQUAL
    assert alone(one, Rule(margin=0.99 * margin, looks=(10,))).verdict is Verdict.UNDECIDED


def test_decided_cases_have_no_decidable_margin() -> None:
    assert decidable_margin(alone(series(0.2, 0.001), ONE_LOOK)) is None
    assert decidable_margin(alone(series(0.0, 0.001), ONE_LOOK)) is None
    assert decidable_margin(alone(Series((0.1,), (0.0,)), ONE_LOOK)) is None


def test_a_case_without_passes_gets_no_advice() -> None:
    found = alone(Series((), ()), ONE_LOOK)
    assert more_passes(found) is decidable_margin(found) is None


@given(st.floats(-0.2, 0.2), st.floats(0.001, 0.3), st.floats(0.001, 0.3), st.integers(2, 32))
@settings(deadline=None, max_examples=50)
def test_advice_is_the_same_for_both_layouts_and_within_its_limits(
    mean: float, spread: float, null_spread: float, passes: int
) -> None:
    one = series(mean, spread, passes=passes, null_spread=null_spread)
    mirrored = Series(tuple(-e for e in one.effects), tuple(-n for n in one.nulls))
    for rule in (Rule(), Rule(looks=(passes,))):
        found, other = alone(one, rule), alone(mirrored, rule)
        assert more_passes(found) == more_passes(other)
        advice = more_passes(found)
        assert advice is None or 0 < advice <= MAX_PASSES
        assert advice is None or found.verdict is Verdict.UNDECIDED
        assert decidable_margin(found) == pytest.approx(decidable_margin(other))
