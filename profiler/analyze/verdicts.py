"""The verdict: is there a difference worth acting on, and is the run quiet enough to say so?"""

import dataclasses
import math

from profiler.records import Estimate, Verdict

MIN_PASSES = 5  # a t interval over fewer passes does not keep its coverage


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
