"""t, sign-flip and proportion statistics in pure Python, so that a board needs no scipy (52 MB resident) for them."""

import bisect
import functools
import math
import random
import statistics
from collections.abc import Sequence

from profiler.judge.records import Estimate

_TERMS = 300
_TINY = 1e-300
_CLOSE = 1e-15
EXACT_FLIPS = 24  # up to so many values every assignment of signs is counted
RANDOM_FLIPS = 9999  # beyond, so many are drawn
MAX_EXPONENT = 700.0


def standard_deviation(values: Sequence[float], mean: float) -> float:
    """The sample's standard deviation. Python's own computes with fractions: twenty times as long on a board."""
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def t_interval(values: Sequence[float], *, confidence_level: float) -> Estimate:
    """Mean and its two-sided t interval. With n = 1 the interval is the whole line.

    A t interval over independent passes keeps its coverage from n = 5 on, where a bootstrap of the mean does not.
    """
    mean = statistics.fmean(values)
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        return Estimate(point=mean, low=-math.inf, high=math.inf, confidence_level=confidence_level)
    error = standard_deviation(values, mean) / math.sqrt(len(values))
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


def t_p_value(values: Sequence[float], threshold: float) -> float:
    """One-sided: how likely a mean so far above `threshold` would be if the true one were no larger than it."""
    mean = statistics.fmean(values)
    excess = mean - threshold
    error = standard_deviation(values, mean) / math.sqrt(len(values))
    if error == 0:
        return 0.0 if excess > 0 else 1.0
    t = excess / error
    return t_cdf(-t, len(values) - 1) if t > 0 else 1 - t_cdf(t, len(values) - 1)


def exp(value: float) -> float:
    """The ratio of a log ratio; beyond what a float holds, one as large as makes no difference."""
    return math.exp(min(value, MAX_EXPONENT))


def expm1(value: float) -> float:
    """How far the ratio of a log ratio lies above 1, as a fraction; as large as makes no difference where `exp` is."""
    return math.expm1(min(value, MAX_EXPONENT))


def log(ratio: float) -> float:
    """The log ratio of a ratio; it lies between the least and the largest that `exp` tells apart."""
    return math.log(min(max(ratio, math.exp(-MAX_EXPONENT)), math.exp(MAX_EXPONENT)))


def ratio_of(estimate: Estimate | None) -> Estimate | None:
    """An estimate of a log ratio as one of the ratio."""
    if estimate is None:
        return None
    return Estimate(
        point=exp(estimate.point),
        low=exp(estimate.low),
        high=exp(estimate.high),
        confidence_level=estimate.confidence_level,
    )


@functools.lru_cache(maxsize=4096)
def sign_flip_p_value(values: tuple[float, ...], threshold: float) -> float:
    """One-sided, without assuming a distribution: the share of sign assignments that give as large a mean excess.

    Holds for any errors that are symmetric about 0. Exact up to `EXACT_FLIPS` values; beyond, seeded random
    assignments, of which the observed one is one (Phipson & Smyth 2010), so that no p-value is 0.
    """
    shifted = [value - threshold for value in values]
    if min(shifted) > 0:
        return 0.5 ** len(shifted)  # every other assignment gives less
    observed = sum(shifted)
    reach = observed - 1e-12 * sum(map(abs, shifted))  # sums of the same numbers in another order
    if len(shifted) > EXACT_FLIPS:
        generator = random.Random(len(shifted))
        larger = 1
        for _ in range(RANDOM_FLIPS):
            bits = generator.getrandbits(len(shifted))
            flipped = observed - 2 * sum(value for at, value in enumerate(shifted) if bits >> at & 1)
            larger += flipped >= reach
        return larger / (RANDOM_FLIPS + 1)
    half = len(shifted) // 2
    left, right = _signed_sums(shifted[:half]), sorted(_signed_sums(shifted[half:]))
    count = sum(len(right) - bisect.bisect_left(right, reach - sum_) for sum_ in left)
    return count / (len(left) * len(right))


def _signed_sums(values: Sequence[float]) -> list[float]:
    sums = [0.0]
    for value in values:
        sums = [*(total + value for total in sums), *(total - value for total in sums)]
    return sums


def proportion_interval(successes: int, trials: int, *, confidence_level: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a proportion (Clopper & Pearson 1934)."""
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} of {trials} is no proportion")
    tail = (1 - confidence_level) / 2
    low = 0.0 if successes == 0 else _beta_quantile(tail, successes, trials - successes + 1)
    high = 1.0 if successes == trials else _beta_quantile(1 - tail, successes + 1, trials - successes)
    return low, high


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _incomplete_beta(middle, a, b) < probability else (low, middle)
    return high


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
