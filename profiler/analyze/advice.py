"""What to do about an undecided case: how many more passes would decide it, and what can be said by now."""

import math
import statistics
from collections.abc import Sequence

from profiler.analyze.statistics import expm1, t_quantile
from profiler.analyze.verdicts import MIN_PASSES, Judgement
from profiler.records import Verdict

MAX_PASSES = 300  # beyond so many, more of the same is no advice


def more_passes(judgement: Judgement) -> int | None:
    """How many more passes would decide an undecided case, if its points and spreads stayed as they are.

    None if it is decided, if too little is known, or if `MAX_PASSES` would not do: its ratio lies on the margin. Up to
    the last look it names a look, with the error that this one may spend; beyond, a run planned to be so long.
    """
    seen = judgement.evidence
    if judgement.verdict is not Verdict.UNDECIDED or seen.passes < 2:  # noqa: PLR2004 - one value has no spread
        return None
    rule = seen.rule
    for index, look in enumerate(rule.looks):
        level = rule.error * rule.share(index, is_last=look == rule.looks[-1])
        if look > seen.passes and _would_decide(judgement, look, level):
            return look - seen.passes
    for count in range(max(MIN_PASSES, max(seen.passes, rule.looks[-1]) + 1), MAX_PASSES + 1):
        if _would_decide(judgement, count, rule.error):
            return count - seen.passes
    return None


def _would_decide(judgement: Judgement, count: int, level: float) -> bool:
    seen = judgement.evidence
    bound = seen.rule.bound
    mean, half = _after(seen.series.effects, count, level)
    null, null_half = _after(seen.series.nulls, count, level)
    _, suite_half = _after(seen.series.effects, count, level / judgement.cases_left)
    floor = abs(null) + null_half
    return abs(mean) - suite_half > max(bound, floor) or (abs(mean) + half < bound and floor < bound)


def _after(values: Sequence[float], count: int, level: float) -> tuple[float, float]:
    """Mean and half-width that `count` passes with the same mean and spread would give."""
    spread = statistics.stdev(values)
    return statistics.fmean(values), t_quantile(1 - level / 2, count - 1) * spread / math.sqrt(count)


def decidable_margin(judgement: Judgement) -> float | None:
    """The smallest margin (0.05 means 5 %) at which an undecided case would be equal by now; None if none is known."""
    effect, floor = judgement.evidence.effect, judgement.evidence.noise_floor
    if judgement.verdict is not Verdict.UNDECIDED or judgement.evidence.passes < MIN_PASSES:
        return None
    if effect is None or floor is None:
        return None
    return expm1(max(abs(effect.low), abs(effect.high), floor))
