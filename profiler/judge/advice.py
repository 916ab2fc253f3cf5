"""What to do about an undecided case: how many more passes would decide it, and what can be said by now."""

import bisect
import dataclasses
import math
import statistics
from typing import Self

from profiler.judge.records import Verdict
from profiler.judge.statistics import expm1, standard_deviation, t_quantile
from profiler.judge.verdicts import MIN_PASSES, Judgement

MAX_PASSES = 300  # beyond so many, more of the same is no advice


def more_passes(judgement: Judgement) -> int | None:
    """How many more passes would decide an undecided case, if its points and spreads stayed as they are.

    None if it is decided, if too little is known, or if `MAX_PASSES` would not do: its ratio lies on the margin. Up to
    the last look it names a look, with the error that this one may spend; beyond, a run planned to be so long.
    """
    seen = judgement.evidence
    if judgement.verdict is not Verdict.UNDECIDED or seen.passes < 2:  # noqa: PLR2004 - one value has no spread
        return None
    rule, outlook = seen.rule, _Outlook.of(judgement)
    for index, look in enumerate(rule.looks):
        level = rule.error * rule.share(index, is_last=look == rule.looks[-1])
        if look > seen.passes and outlook.is_decided(look, level):
            return look - seen.passes
    longer = range(max(MIN_PASSES, max(seen.passes, rule.looks[-1]) + 1), MAX_PASSES + 1)
    # More passes narrow every interval, so the first that decide are found by halving
    at = bisect.bisect_left(longer, True, key=lambda count: outlook.is_decided(count, rule.error))  # noqa: FBT003
    return longer[at] - seen.passes if at < len(longer) else None


@dataclasses.dataclass(frozen=True)
class _Outlook:
    """A case whose means and spreads stay as they are."""

    bound: float
    cases_left: int
    effect: float
    effect_spread: float
    null: float
    null_spread: float

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        """The outlook of a case by the means and spreads that were seen so far."""
        series = judgement.evidence.series
        return cls(
            bound=judgement.evidence.rule.bound,
            cases_left=judgement.cases_left,
            effect=abs(statistics.fmean(series.effects)),
            effect_spread=standard_deviation(series.effects, statistics.fmean(series.effects)),
            null=abs(statistics.fmean(series.nulls)),
            null_spread=standard_deviation(series.nulls, statistics.fmean(series.nulls)),
        )

    def is_decided(self, count: int, level: float) -> bool:
        """Whether `count` passes would decide it at that level."""
        root = math.sqrt(count)
        quantile, suite_quantile = (t_quantile(1 - share / 2, count - 1) for share in (level, level / self.cases_left))
        floor = self.null + quantile * self.null_spread / root
        is_different = self.effect - suite_quantile * self.effect_spread / root > max(self.bound, floor)
        is_equal = self.effect + quantile * self.effect_spread / root < self.bound and floor < self.bound
        return is_different or is_equal


def decidable_margin(judgement: Judgement) -> float | None:
    """The smallest margin (0.05 means 5 %) at which an undecided case would be equal by now; None if none is known."""
    effect, floor = judgement.evidence.effect, judgement.evidence.noise_floor
    if judgement.verdict is not Verdict.UNDECIDED or judgement.evidence.passes < MIN_PASSES:
        return None
    if effect is None or floor is None:
        return None
    return expm1(max(abs(effect.low), abs(effect.high), floor))
