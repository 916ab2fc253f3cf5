"""The verdict: is there a difference worth acting on, and is the run quiet enough to say so?

A run looks at its results several times and a report judges many cases, and each look and each case is a chance to
be wrong. So the error allowed is divided twice:

- over the looks of a case, in proportion to the passes between them (the linear spending function of Kim & DeMets
  1987, added up by Bonferroni's inequality, so that it holds whatever the looks have in common);
- over the cases of a suite by Holm's procedure (see `family`), which at each look tests the open cases at the level
  that the cases already found different have left over (Maurer & Bretz 2013).

The interval shown holds for its own case at every look at once (a repeated confidence interval, Jennison & Turnbull
1989); a verdict of pays off or costs needs more than that, since it answers for the whole suite.
"""

import dataclasses
import functools
import math
import statistics
from collections.abc import Collection, Mapping, Sequence

from profiler.judge.family import reject, reject_by_p_value
from profiler.judge.records import Estimate, Verdict
from profiler.judge.statistics import expm1, sign_flip_p_value, t_interval, t_p_value

CONFIDENCE_LEVEL = 0.95
DEFAULT_MARGIN = 0.03
DEFAULT_LOOKS = (8, 12, 16, 24, 32)
MIN_PASSES = 5  # a t interval over fewer passes does not keep its coverage


@dataclasses.dataclass(frozen=True)
class Rule:
    """How a suite is judged.

    `margin` is the smallest ratio worth acting on (0.03 means 3 %), `looks` the numbers of passes after which open
    cases are judged, ascending; the last is the most a case gets.
    """

    margin: float = DEFAULT_MARGIN
    confidence_level: float = CONFIDENCE_LEVEL
    looks: tuple[int, ...] = DEFAULT_LOOKS

    @property
    def bound(self) -> float:
        """The margin as a log ratio."""
        return math.log1p(self.margin)

    @property
    def error(self) -> float:
        """The chance of being wrong that is allowed."""
        return 1 - self.confidence_level

    def share(self, look: int, *, is_last: bool) -> float:
        """The share of the error that a look may spend; a case's last one spends all that is left."""
        spent = self.looks[look - 1] / self.looks[-1] if look else 0.0
        return (1.0 if is_last else self.looks[look] / self.looks[-1]) - spent


@dataclasses.dataclass(frozen=True)
class Series:
    """What was seen of a case, pass by pass: log ratios of the layouts, and of two copies of one layout."""

    effects: tuple[float, ...]
    nulls: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A case at one look, and the error it may spend there for itself."""

    series: Series
    rule: Rule
    level: float

    @property
    def passes(self) -> int:
        """How many passes of the case are seen."""
        return len(self.series.effects)

    @functools.cached_property
    def effect(self) -> Estimate | None:
        """The log speedup with its interval; None below two passes."""
        return self._interval(self.series.effects)

    @functools.cached_property
    def null(self) -> Estimate | None:
        """The log ratio of two copies of one layout with its interval; None below two passes."""
        return self._interval(self.series.nulls)

    @functools.cached_property
    def noise_floor(self) -> float | None:
        """How far from 0 the null may lie: the larger absolute end of its interval."""
        null = self.null
        return None if null is None else max(abs(null.low), abs(null.high))

    def _interval(self, values: Sequence[float]) -> Estimate | None:
        if len(values) < 2:  # noqa: PLR2004 - one value has no spread
            return None
        found = t_interval(values, confidence_level=1 - self.level)
        level = self.rule.confidence_level  # what holds over all looks together
        return Estimate(point=found.point, low=found.low, high=found.high, confidence_level=level)

    @functools.cached_property
    def _strongest(self) -> tuple[float, float, Verdict]:
        """The direction in which the case differs most surely: the p-values of both tests, one-sided."""
        threshold = max(self.rule.bound, self.noise_floor or 0.0)
        pays = statistics.fmean(self.series.effects) > 0
        values = tuple(value if pays else -value for value in self.series.effects)
        t_tail = t_p_value(values, threshold)
        # The sign-flip test takes long and can only take a verdict back
        flip_tail = sign_flip_p_value(values, threshold) if t_tail <= self.level / 2 else 1.0
        return t_tail, flip_tail, Verdict.PAYS_OFF if pays else Verdict.COSTS

    def difference(self, level: float) -> Verdict | None:
        """Pays off or costs, if one of them is beyond doubt at `level` (two-sided), else None.

        The sign-flip test is held against this case's own level: eight passes cannot give a smaller p-value than
        1/256, whatever they show, while a suite's level may be far below that.
        """
        if self.noise_floor is None or self.passes < MIN_PASSES:
            return None
        t_tail, flip_tail, verdict = self._strongest
        return verdict if t_tail <= level / 2 and flip_tail <= self.level else None

    @property
    def is_equal(self) -> bool:
        """Whether the interval lies inside the margin, the noise floor is below it and the sign-flip test agrees."""
        effect, floor, bound = self.effect, self.noise_floor, self.rule.bound
        if effect is None or floor is None or self.passes < MIN_PASSES or floor >= bound:
            return False
        if not -bound < effect.low <= effect.high < bound:
            return False
        values = self.series.effects
        opposite = tuple(-value for value in values)
        return all(sign_flip_p_value(side, -bound) <= self.level for side in (values, opposite))

    def reason(self, cases: int) -> str:
        """Why the case is not decided."""
        effect, floor, bound = self.effect, self.noise_floor, self.rule.bound
        if effect is None or floor is None or self.passes < MIN_PASSES:
            return f"only {self.passes} of at least {MIN_PASSES} passes"
        if effect.low > max(bound, floor) or effect.high < -max(bound, floor):
            if self.difference(self.level) is None:
                return "the t interval would decide, the sign-flip test would not"
            return f"clear of the margin for itself, but not surely enough for {cases} cases judged together"
        if floor >= bound:
            return f"two copies of one layout differ by up to {expm1(floor):.1%}: too noisy"
        if -bound < effect.low and effect.high < bound:
            return "the t interval would decide, the sign-flip test would not"
        return "the interval reaches across the margin"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """A verdict, why, and what it rests on.

    `cases_left` is how many cases shared the error when it was last tested for a difference. `is_biased` says that
    the control excludes 0 by more than chance over the suite: two copies of one layout differ.
    """

    verdict: Verdict
    reason: str
    evidence: Evidence
    cases_left: int
    is_biased: bool = False


def judge(
    cases: Mapping[str, Series], rule: Rule, *, is_over: bool = True, stopped: Collection[str] = ()
) -> dict[str, Judgement]:
    """The judgement of each case of a suite, look by look.

    Args:
        cases: what was seen of each; those without any pass are undecided, and count as tested all the same.
        rule: how to judge.
        is_over: nothing more will be measured, so that open cases spend what is left of their error. A run that is
            going on asks with False, and stops what is decided.
        stopped: cases that left the run because they were decided: they may not spend what was left.
    """
    found: dict[str, Judgement] = {}
    open_: dict[str, Evidence] = {}
    different = 0
    for look in range(len(rule.looks)):
        fresh = [
            name
            for name in cases
            if name not in found and _reaches(cases[name], rule, look, may_end=is_over and name not in stopped)
        ]
        open_ |= {name: _at(cases[name], rule, look, may_end=is_over and name not in stopped) for name in fresh}
        news = _differences(open_, len(cases) - different)
        different += len(news)
        found |= news
        open_ = {name: evidence for name, evidence in open_.items() if name not in news}
        equal = {name: open_[name] for name in fresh if name in open_ and open_[name].is_equal}
        reason = "the whole interval lies inside the margin"
        found |= {
            name: Judgement(Verdict.EQUAL, reason, evidence, len(cases) - different) for name, evidence in equal.items()
        }
        open_ = {name: evidence for name, evidence in open_.items() if name not in equal}
    left = max(1, len(cases) - different)
    for name, series in cases.items():
        if name not in found:
            evidence = open_.get(name) or Evidence(series, rule, rule.error)
            reason = evidence.reason(len(cases))
            found[name] = Judgement(Verdict.UNDECIDED, reason, evidence, left)
    biased = _biased({name: judgement.evidence for name, judgement in found.items()}, rule)
    return {name: dataclasses.replace(found[name], is_biased=name in biased) for name in cases}


def decided(cases: Mapping[str, Series], rule: Rule) -> dict[str, Verdict]:
    """What a run has decided at its looks so far, and does not measure any more."""
    found = judge(cases, rule, is_over=False)
    return {name: one.verdict for name, one in found.items() if one.verdict is not Verdict.UNDECIDED}


def judge_run(cases: Mapping[str, Series], rule: Rule, *, planned: Rule, is_over: bool = True) -> dict[str, Judgement]:
    """The judgements of a run, by the rule it was planned with or by another one.

    One that is not over may be read again and again, so only its looks count.
    """
    return judge(cases, rule, is_over=is_over, stopped=decided(cases, planned))


def _reaches(series: Series, rule: Rule, look: int, *, may_end: bool) -> bool:
    """Whether a case has a look of that number: enough passes, or, at the end, some beyond the look before."""
    seen, before = len(series.effects), rule.looks[look - 1] if look else 0
    return seen >= rule.looks[look] or (may_end and seen > before)


def _at(series: Series, rule: Rule, look: int, *, may_end: bool) -> Evidence:
    count = min(len(series.effects), rule.looks[look])
    is_last = may_end and len(series.effects) == count
    share = rule.share(look, is_last=is_last)
    return Evidence(Series(series.effects[:count], series.nulls[:count]), rule, rule.error * share)


def _differences(open_: Mapping[str, Evidence], cases_left: int) -> dict[str, Judgement]:
    """The open cases that differ, where so many share the level at first."""
    reasons = {
        Verdict.PAYS_OFF: "the whole interval lies above margin and noise floor",
        Verdict.COSTS: "the whole interval lies below margin and noise floor",
    }

    def difference(name: str, left: int) -> Verdict | None:
        return open_[name].difference(open_[name].level / left)

    rejected = reject(open_, lambda name, left: difference(name, left) is not None, sharing=cases_left)
    return {
        name: Judgement(verdict, reasons[verdict], open_[name], left)
        for name, left in rejected.items()
        if (verdict := difference(name, left)) is not None
    }


def _biased(seen: Mapping[str, Evidence], rule: Rule) -> set[str]:
    """The cases whose null excludes 0 by more than chance over all of them."""
    p_values = {}
    for name, evidence in seen.items():
        if evidence.passes >= MIN_PASSES:
            nulls = evidence.series.nulls
            tail = min(t_p_value(nulls, 0.0), t_p_value([-null for null in nulls], 0.0))
            p_values[name] = 2 * tail * rule.error / evidence.level
    return reject_by_p_value(p_values, error=rule.error)
