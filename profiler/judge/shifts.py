"""What changed between two sessions of one machine, beyond the noise of both.

The pass is the unit: of each pass and layout one log time per call, the mean over its sets and arms of the median over
rounds. Two sessions' passes are independent samples, so that the interval of their difference is Welch's (1947), with
the degrees of freedom of Satterthwaite (1946) rounded down.

Passes tell nothing of what differs between two evenings: clock, cooling, neighbours. Two things stand for that:

- the **drift** of the canary, a fixed task timed before every pass of both sessions. Its interval is that of Hodges &
  Lehmann (1963) from the ranks of Mann & Whitney, which a few slow moments do not move. By the end of it that lies
  farther from 0 every change of a time is widened, to both sides: if the canary itself ran 4 % slower, a time that grew
  by 4 % says nothing.
- the **noise floor** of both, the larger one of how far two copies of one layout may differ in either session.

The layout effect is a ratio within a pass, so that drift falls out of it; its change is judged without the drift.
"""

import dataclasses
import enum
import math
import statistics
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from profiler.judge.effects import arm_medians, layout_mean
from profiler.judge.family import reject_by_p_value
from profiler.judge.records import Estimate
from profiler.judge.statistics import standard_deviation, t_cdf, t_quantile
from profiler.judge.verdicts import MIN_PASSES
from profiler.models.layout import WeightLayout
from profiler.session.records import Block

Key = TypeVar("Key", bound=Hashable)


class Shift(enum.Enum):
    """Where the new values lie, seen from the old ones."""

    UP = "up"
    DOWN = "down"
    WITHIN = "within the margin"
    UNDECIDED = "undecided"


class Doubt(enum.StrEnum):
    """Why nothing can be said of whether a quantity changed."""

    FEW_PASSES = "too few passes"
    NO_CANARY = "the drift of the machine is unknown"
    DRIFT = "the machine itself may have drifted by the margin or more"
    NOISE = "two copies of one layout may differ by the margin or more"
    WIDE = "the interval reaches across the margin"


@dataclasses.dataclass(frozen=True)
class TwoSamples:
    """Logs of one quantity, a pass each, from both sessions.

    `noise_floor` is the larger of both sessions' noise as a log ratio, `drift` how far both may lie apart for reasons
    that are not theirs; None is unknown, and then nothing can be decided.
    """

    old: tuple[float, ...]
    new: tuple[float, ...]
    noise_floor: float | None
    drift: float | None = 0.0


def log_times(blocks: Sequence[Block]) -> dict[WeightLayout, tuple[float, ...]]:
    """For each layout log(seconds per call) of every pass."""
    medians = [[arm_medians(arm_set) for arm_set in block.sets] for block in blocks]
    return {layout: tuple(layout_mean(sets, layout) for sets in medians) for layout in WeightLayout}


def welch_interval(old: Sequence[float], new: Sequence[float], *, confidence_level: float) -> Estimate | None:
    """Mean of `new` less mean of `old` with its two-sided interval; None where one has no spread."""
    if min(len(old), len(new)) < 2:  # noqa: PLR2004 - one value has no spread
        return None
    difference, error, degrees = _welch(old, new)
    half_width = t_quantile((1 + confidence_level) / 2, degrees) * error
    return Estimate(
        point=difference, low=difference - half_width, high=difference + half_width, confidence_level=confidence_level
    )


def _welch(old: Sequence[float], new: Sequence[float]) -> tuple[float, float, int]:
    """Difference of the means, its standard error and its degrees of freedom."""
    means = [statistics.fmean(values) for values in (old, new)]
    parts = [
        standard_deviation(values, mean) ** 2 / len(values) for values, mean in zip((old, new), means, strict=True)
    ]
    total = sum(parts)
    below = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (old, new), strict=True))
    fewest = min(len(old), len(new)) - 1
    degrees = math.floor(total**2 / below) if below > 0 else fewest
    return means[1] - means[0], math.sqrt(total), max(degrees, fewest)


def median_shift(old: Sequence[float], new: Sequence[float], *, confidence_level: float) -> Estimate | None:
    """By how much `new` lies above `old`: the median of all differences between two of them, with its interval.

    The ranks are those of the normal approximation, one farther out, since it is too narrow for few values; with very
    few the interval is the whole range of differences. None where one is empty.
    """
    differences = sorted(after - before for before in old for after in new)
    if not differences:
        return None
    count = len(differences)
    z = statistics.NormalDist().inv_cdf((1 + confidence_level) / 2)
    spread = math.sqrt(count * (len(old) + len(new) + 1) / 12)
    left_out = max(0, math.floor(count / 2 - z * spread) - 1)
    return Estimate(
        point=statistics.median(differences),
        low=differences[left_out],
        high=differences[-1 - left_out],
        confidence_level=confidence_level,
    )


def larger_end(estimate: Estimate | None) -> float | None:
    """How far from 0 the estimated value may lie: the larger absolute end of its interval."""
    return None if estimate is None else max(abs(estimate.low), abs(estimate.high))


def judge_shifts(samples: Mapping[Key, TwoSamples], *, margin: float, confidence_level: float) -> dict[Key, Shift]:
    """Which quantities changed, all judged together.

    The chance that any is called up or down though it did not change stays below the error that `confidence_level`
    leaves. `margin` is a ratio, 0.03 for 3 %.
    """
    bound, error = math.log1p(margin), 1 - confidence_level
    p_values = {key: 2 * tail for key, one in samples.items() if (tail := _tail(one, bound)) is not None}
    found = {
        key: Shift.WITHIN if _is_within(one, bound, confidence_level) else Shift.UNDECIDED
        for key, one in samples.items()
    }
    for key in reject_by_p_value(p_values, error=error, sharing=len(samples)):
        found[key] = Shift.UP if _difference(samples[key]) > 0 else Shift.DOWN
    return found


def doubt_about(one: TwoSamples, *, margin: float) -> Doubt:
    """Why an undecided quantity is undecided: the first reason that by itself is enough."""
    bound = math.log1p(margin)
    if one.noise_floor is None or min(len(one.old), len(one.new)) < MIN_PASSES:
        return Doubt.FEW_PASSES
    if one.drift is None:
        return Doubt.NO_CANARY
    if one.noise_floor >= bound:
        return Doubt.NOISE
    return Doubt.DRIFT if one.drift >= bound else Doubt.WIDE


def _difference(one: TwoSamples) -> float:
    return statistics.fmean(one.new) - statistics.fmean(one.old)


def _tail(one: TwoSamples, bound: float) -> float | None:
    """One-sided: how likely so large a change would be if the true one lay within margin, noise and drift."""
    if one.noise_floor is None or one.drift is None or min(len(one.old), len(one.new)) < MIN_PASSES:
        return None
    difference, error, degrees = _welch(one.old, one.new)
    excess = abs(difference) - max(bound, one.noise_floor) - one.drift
    if excess <= 0:
        return 1.0
    return t_cdf(-excess / error, degrees) if error > 0 else 0.0


def _is_within(one: TwoSamples, bound: float, confidence_level: float) -> bool:
    """Whether the whole interval, widened by the drift, lies inside the margin, and the noise floor below it."""
    if one.noise_floor is None or one.drift is None or min(len(one.old), len(one.new)) < MIN_PASSES:
        return False
    end = larger_end(welch_interval(one.old, one.new, confidence_level=confidence_level))
    return end is not None and end + one.drift < bound and one.noise_floor < bound
