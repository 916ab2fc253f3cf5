"""Student's t in pure Python, so that a board needs no scipy (52 MB resident) for one quantile."""

import functools
import math
import statistics
from collections.abc import Sequence

from profiler.records import Estimate

_TERMS = 300
_TINY = 1e-300
_CLOSE = 1e-15


def t_interval(values: Sequence[float], *, confidence_level: float) -> Estimate:
    """Mean and its two-sided t interval. With n = 1 the interval is the whole line.

    A t interval over independent passes keeps its coverage from n = 5 on, where a bootstrap of the mean does not.
    """
    mean = statistics.fmean(values)
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        return Estimate(point=mean, low=-math.inf, high=math.inf, confidence_level=confidence_level)
    error = statistics.stdev(values) / math.sqrt(len(values))
    half_width = t_quantile((1 + confidence_level) / 2, len(values) - 1) * error
    return Estimate(point=mean, low=mean - half_width, high=mean + half_width, confidence_level=confidence_level)


@functools.cache
def t_quantile(probability: float, degrees: int) -> float:
    """The value that Student's t with `degrees` degrees of freedom stays below with `probability` (0.5 to 1)."""
    if not 0.5 <= probability < 1 or degrees < 1:  # noqa: PLR2004 - the upper half; the lower one mirrors it
        raise ValueError(f"no t quantile for probability {probability} and {degrees} degrees of freedom")
    low, high = 0.0, 1.0
    while t_cdf(high, degrees) < probability:
        high *= 2
    while high - low > _CLOSE * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_cdf(middle, degrees) < probability else (low, middle)
    return high


def t_cdf(t: float, degrees: int) -> float:
    """Student's t distribution function: Abramowitz & Stegun 26.7.1 through 26.5.27.

    Near 0 the central part is evaluated and further out the tail: neither is then a difference of near numbers.
    """
    square = t * t
    if square < degrees:
        half = 0.5 * _incomplete_beta(square / (degrees + square), 0.5, degrees / 2)
        return 0.5 + half if t > 0 else 0.5 - half
    tail = 0.5 * _incomplete_beta(degrees / (degrees + square), degrees / 2, 0.5)
    return 1 - tail if t > 0 else tail


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function: Abramowitz & Stegun 26.5.8, mirrored (26.5.2) where it converges."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(x, a, b) / a
    return 1 - front * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method for the continued fraction of 26.5.8."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1 / _nonzero(1 + term * d)
            c = _nonzero(1 + term / c)
            step = d * c
            result *= step
        if abs(step - 1) < _CLOSE:
            break
    return result


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
