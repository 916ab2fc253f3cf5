import math

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.analyze.statistics import t_cdf, t_interval, t_quantile


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
