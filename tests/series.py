"""Made-up series whose means, spreads and p-values are known exactly."""

import math
import random
import statistics

import pytest

from profiler.judge.statistics import t_p_value, t_quantile
from profiler.judge.verdicts import Judgement, Rule, Series, judge

MARGIN = 0.03
BOUND = math.log1p(MARGIN)


def scores(count: int, seed: int = 0) -> list[float]:
    """Mean 0 and standard deviation 1, spread as a normal sample would be, in random order."""
    normal = statistics.NormalDist()
    values = [normal.inv_cdf((at + 0.5) / count) for at in range(count)]
    spread = statistics.stdev(values)
    random.Random(seed).shuffle(values)
    return [value / spread for value in values]


def series(mean: float, spread: float, *, passes: int = 10, null: float = 0.0, null_spread: float = 1e-4) -> Series:
    """Effects with exactly that mean and standard deviation, and nulls likewise."""
    return Series(
        effects=tuple(mean + spread * score for score in scores(passes, 1)),
        nulls=tuple(null + null_spread * score for score in scores(passes, 2)),
    )


def with_p_value(p_value: float, *, passes: int = 10, spread: float = 0.01) -> Series:
    """Effects whose one-sided p-value against the margin is exactly that."""
    found = series(BOUND + t_quantile(1 - p_value, passes - 1) * spread / math.sqrt(passes), spread, passes=passes)
    assert t_p_value(found.effects, BOUND) == pytest.approx(p_value, rel=1e-9)
    return found


def alone(one: Series, rule: Rule, *, is_over: bool = True) -> Judgement:
    return judge({"x": one}, rule, is_over=is_over)["x"]


ONE_LOOK = Rule(looks=(10,))
NOISE = series(0.0, 0.5, null_spread=0.5)
