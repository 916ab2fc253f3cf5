import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from profiler.judge.records import Estimate
from profiler.report.bars import COLUMNS, BarScale, draw_interval, draw_scale, scale_for

BOUND = math.log(1.03)
WIDE = BarScale(bound=BOUND, reach=6 * BOUND)  # a column is a margin
NARROW = BarScale(bound=BOUND, reach=2 * BOUND)  # three columns are


def ratio(low: float, point: float, high: float) -> Estimate:
    return Estimate(point=point, low=low, high=high, confidence_level=0.95)


def margins(low: float, point: float, high: float) -> Estimate:
    return ratio(*(math.exp(BOUND * value) for value in (low, point, high)))


@pytest.mark.parametrize(
    ("estimate", "scale", "drawn"),
    [
        (margins(-0.1, 0, 0.1), WIDE, "     ·●·     "),
        (margins(2, 3, 4), WIDE, "     ···├●┤  "),
        (margins(-5, -3, -1.5), WIDE, " ├─●┤···     "),
        (margins(-3, 0, 3), WIDE, "   ├─═●═─┤   "),
        (margins(7, 8, 9), WIDE, "     ···    ▸"),
        (margins(-9, -8, -7), WIDE, "◂    ···     "),
        (margins(-9, 0, 9), WIDE, "◂────═●═────▸"),
        (margins(4, 7, 9), WIDE, "     ···  ├─▸"),
        (margins(-0.7, 0, 0.7), NARROW, "   ·├═●═┤·   "),
        (None, NARROW, "   ·······   "),
    ],
)
def test_an_interval_is_drawn_against_the_margin(estimate: Estimate | None, scale: BarScale, drawn: str) -> None:
    assert draw_interval(estimate, scale) == drawn


def test_noise_beyond_the_margin_widens_the_band() -> None:
    assert draw_interval(margins(2.6, 2.6, 2.6), WIDE, noise_floor=3 * BOUND) == "   ······●   "
    assert draw_interval(margins(3.1, 3.1, 3.1), WIDE, noise_floor=3 * BOUND) == "   ·······●  "
    assert draw_interval(margins(2.6, 2.6, 2.6), WIDE, noise_floor=0.1 * BOUND) == "     ··· ●   "


LOGS = st.floats(-3, 3)


@given(st.lists(LOGS, min_size=3, max_size=3), st.sampled_from([9, 11, 13]), st.floats(0, 1))
def test_what_is_clear_of_the_band_is_drawn_clear_of_it(values: list[float], columns: int, floor: float) -> None:
    low, point, high = sorted(values)
    estimate = ratio(math.exp(low), math.exp(point), math.exp(high))
    scale = scale_for([estimate], BOUND, columns)
    drawn = draw_interval(estimate, scale, noise_floor=floor)
    assert len(drawn) == columns
    threshold = max(BOUND, floor)
    edge = scale.edge(threshold)
    assume(all(abs(abs(end) - threshold) > 1e-9 for end in (low, high)))  # a ratio's logarithm is that log but nearly
    is_above, is_below = low > threshold, high < -threshold
    if edge < scale.half:
        band = drawn[scale.half - edge : scale.half + edge + 1]
        assert (set(band) == {"·"}) is (is_above or is_below)


@given(st.lists(st.tuples(LOGS, st.floats(0, 1)), min_size=1, max_size=5), st.sampled_from([9, 11, 13]))
def test_a_scale_is_shared_reaches_two_margins_and_a_column_is_at_most_one(
    values: list[tuple[float, float]], columns: int
) -> None:
    estimates = [ratio(math.exp(low), math.exp(low), math.exp(low + more)) for low, more in values]
    scale = scale_for(estimates, BOUND, columns)
    assert 2 * BOUND <= scale.reach <= scale.half * BOUND * (1 + 1e-9)
    assert len(draw_scale(scale)) == columns


@pytest.mark.parametrize("value", [0.0, math.inf, 1e-300, 1e300])
def test_absurd_ratios_are_off_the_scale_and_do_not_set_it(value: float) -> None:
    estimate = ratio(min(value, 1), 1.0, max(value, 1))
    assert scale_for([estimate], BOUND).reach <= 6 * BOUND * (1 + 1e-9)
    assert set(draw_interval(estimate, WIDE)) & set("◂▸")
    assert len(draw_interval(estimate, WIDE)) == COLUMNS


def test_the_head_of_the_column_is_the_scale() -> None:
    assert draw_scale(WIDE) == "0.84  1  1.19"
    assert draw_scale(scale_for([], BOUND, 9)) == "0.94 1.06"
