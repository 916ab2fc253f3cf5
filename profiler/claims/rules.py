"""From verdicts to outcomes: pure functions of comparisons."""

import collections
import itertools
from collections.abc import Iterable, Sequence

from profiler.judge.records import Row, Verdict
from profiler.judge.statistics import log
from profiler.report.appendix_records import Figure, Outcome, Unit

Counts = dict[Verdict, int]


def count_verdicts(comparisons: Iterable[Row]) -> Counts:
    """How many cases have each verdict; none is left out."""
    counter = collections.Counter(found.verdict for found in comparisons)
    return {verdict: counter[verdict] for verdict in Verdict}


def count_figures(comparisons: Sequence[Row], *, prefix: str = "") -> tuple[Figure, ...]:
    """A figure for each verdict: how many of the cases have it. `prefix` goes before the verdict's name."""
    return tuple(
        Figure(name=f"{prefix}{verdict}", value=count, unit=Unit.COUNT, of=len(comparisons))
        for verdict, count in count_verdicts(comparisons).items()
    )


def speedup_figure(comparison: Row, *, name: str) -> Figure | None:
    """time(in_out) / time(out_in) with its interval; None where nothing was measured."""
    speedup = comparison.speedup
    if speedup is None:
        return None
    return Figure(name=name, value=speedup.point, low=speedup.low, high=speedup.high)


def speedup_figures(comparisons: Iterable[Row]) -> tuple[Figure, ...]:
    """One per case that was measured, named by runtime, layer and batch."""
    figures = (speedup_figure(found, name=case_name(found)) for found in comparisons)
    return tuple(figure for figure in figures if figure is not None)


def case_name(comparison: Row) -> str:
    """A case by runtime, layer and batch: `numpy 64x64 batch 8`."""
    case = comparison.case
    batch = "x".join(map(str, case.batch_shape)) or "none"
    return f"{case.runtime} {case.workload.removeprefix('linear-')} batch {batch}"


def passes_text(comparisons: Iterable[Row]) -> str:
    """How many passes cases took, `8 to 12 passes`: a verdict of few is worth as much, but comes less often."""
    passes = sorted(found.passes for found in comparisons) or [0]
    return f"{passes[0]} passes" if passes[0] == passes[-1] else f"{passes[0]} to {passes[-1]} passes"


def judge_majority(comparisons: Sequence[Row], wanted: Verdict) -> Outcome:
    """Whether more than half of the cases have the verdict; undecided ones may still have it."""
    counts, total = count_verdicts(comparisons), len(comparisons)
    if 2 * counts[wanted] > total:
        return Outcome.HOLDS
    if 2 * (counts[wanted] + counts[Verdict.UNDECIDED]) <= total:
        return Outcome.DOES_NOT_HOLD
    return Outcome.UNDECIDED


def judge_all_above(comparisons: Sequence[Row], ratio: float) -> Outcome:
    """Whether each speedup is surely above `ratio`: holds if all are, does not if one surely is not."""
    speedups = [found.speedup for found in comparisons]
    if not speedups or any(speedup is None for speedup in speedups):
        return Outcome.UNDECIDED
    if all(speedup.low > ratio for speedup in speedups if speedup):
        return Outcome.HOLDS
    if any(speedup.high <= ratio for speedup in speedups if speedup):
        return Outcome.DOES_NOT_HOLD
    return Outcome.UNDECIDED


def judge_within(comparisons: Sequence[Row], factor: float) -> Outcome:
    """Whether no layout is `factor` times as fast as the other: holds if all are surely within it."""
    speedups = [found.speedup for found in comparisons]
    if any(speedup and (speedup.low >= factor or speedup.high <= 1 / factor) for speedup in speedups):
        return Outcome.DOES_NOT_HOLD
    if speedups and all(speedup and 1 / factor < speedup.low <= speedup.high < factor for speedup in speedups):
        return Outcome.HOLDS
    return Outcome.UNDECIDED


def largest(comparisons: Sequence[Row]) -> Row | None:
    """The case whose layouts differ most; None where nothing was measured."""
    measured = [found for found in comparisons if found.speedup is not None]
    return max(measured, key=lambda found: abs(_point(found)), default=None)


def steepest_rise(comparisons: Sequence[Row]) -> tuple[Row, Row] | None:
    """The neighbours, in their order, between which the speedup rises most; None if it rises nowhere."""
    measured = [found for found in comparisons if found.speedup is not None]
    rises = {(_point(right) - _point(left)): (left, right) for left, right in itertools.pairwise(measured)}
    best = max(rises, default=0.0)
    return rises[best] if best > 0 else None


def _point(comparison: Row) -> float:
    return log(comparison.speedup.point) if comparison.speedup else 0.0
