"""The verdict: is there a difference worth acting on, and is the run quiet enough to say so?"""

import dataclasses
import math

from profiler.analyze.statistics import t_quantile
from profiler.records import Estimate, Verdict

MIN_PASSES = 5  # a t interval over fewer passes does not keep its coverage
MAX_PASSES = 300  # beyond so many, more of the same is no advice


@dataclasses.dataclass(frozen=True)
class Decision:
    """A verdict, why, and the noise floor it was held against (log ratio)."""

    verdict: Verdict
    reason: str
    noise_floor: float | None


def decide(effect: Estimate | None, null: Estimate | None, *, passes: int, margin: float) -> Decision:
    """The verdict of one case.

    `margin` is the smallest ratio worth acting on (0.03 means 3 %). All intervals are of log ratios:

    - pays off: the whole interval lies above the larger of margin and noise floor;
    - costs: the whole interval lies below minus that;
    - equal: the whole interval lies inside the margin, and the noise floor is below it;
    - undecided: anything else. Noise makes this likely, never `equal`.
    """
    if effect is None or null is None or passes < MIN_PASSES:
        return Decision(Verdict.UNDECIDED, f"only {passes} of at least {MIN_PASSES} passes", None)
    bound = math.log1p(margin)
    floor = max(abs(null.low), abs(null.high))
    threshold = max(bound, floor)
    if effect.low > threshold:
        return Decision(Verdict.PAYS_OFF, "the whole interval lies above margin and noise floor", floor)
    if effect.high < -threshold:
        return Decision(Verdict.COSTS, "the whole interval lies below margin and noise floor", floor)
    if floor >= bound:
        return Decision(
            Verdict.UNDECIDED, f"two copies of one layout differ by up to {math.expm1(floor):.1%}: too noisy", floor
        )
    if -bound < effect.low and effect.high < bound:
        return Decision(Verdict.EQUAL, "the whole interval lies inside the margin", floor)
    return Decision(Verdict.UNDECIDED, "the interval reaches across the margin", floor)


def more_passes(effect: Estimate | None, null: Estimate | None, *, passes: int, margin: float) -> int | None:
    """How many more passes would decide an undecided case, if its points and spreads stayed as they are.

    None if it is decided, if too little is known, or if `MAX_PASSES` would not do: its ratio lies on the margin.
    """
    if (
        effect is None
        or null is None
        or decide(effect, null, passes=passes, margin=margin).verdict != Verdict.UNDECIDED
    ):
        return None
    for count in range(max(MIN_PASSES, passes + 1), MAX_PASSES + 1):
        later = (_after(estimate, passes, count) for estimate in (effect, null))
        if decide(*later, passes=count, margin=margin).verdict is not Verdict.UNDECIDED:
            return count - passes
    return None


def _after(estimate: Estimate, passes: int, count: int) -> Estimate:
    """The interval that `count` passes with the same mean and standard deviation would give."""
    probability = (1 + estimate.confidence_level) / 2
    shrink = (t_quantile(probability, count - 1) / math.sqrt(count)) / (
        t_quantile(probability, passes - 1) / math.sqrt(passes)
    )
    half_width = (estimate.high - estimate.low) / 2 * shrink
    return Estimate(
        point=estimate.point,
        low=estimate.point - half_width,
        high=estimate.point + half_width,
        confidence_level=estimate.confidence_level,
    )
