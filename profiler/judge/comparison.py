"""From raw slice times to one comparison per case: the effect, its null, and the time per call.

Per arm and set there is one value, the median over rounds of log(time per call), and of these the effect and the null
are made (`contrasts`). A block's effect is the mean over its sets of arms. The pass is the unit of analysis: blocks of
one process share its memory layout.
"""

import math
import statistics
from collections.abc import Sequence

from profiler.judge.advice import decidable_margin, more_passes
from profiler.judge.contrasts import EFFECT, NULL, NULL_IN_PAIRS, Contrast, contrast_of
from profiler.judge.costs import compare_costs
from profiler.judge.disturbance import counted_blocks
from profiler.judge.effects import arm_medians, layout_mean
from profiler.judge.overhead import call_overhead
from profiler.judge.records import Comparison, CostComparison
from profiler.judge.verdicts import Judgement, Rule, Series, judge_run
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS
from profiler.session.records import Block, Case, Options, Session


def rule_of(options: Options, *, margin: float | None = None, confidence_level: float | None = None) -> Rule:
    """The rule a run was planned with, or the same looks with another margin or confidence level."""
    return Rule(
        margin=options.margin if margin is None else margin,
        confidence_level=options.confidence_level if confidence_level is None else confidence_level,
        looks=options.looks,
    )


def compare_session(
    session: Session, *, margin: float | None = None, confidence_level: float | None = None
) -> tuple[Comparison, ...]:
    """One comparison per case of the session, in its order; cases without a block are undecided.

    The cases are judged together: the chance of any false pays off or costs among them stays below the error that
    `confidence_level` leaves. Both default to what the run was planned with, which also said when to stop. A session
    without an end is judged at its looks alone, however often it is read while it grows.
    """
    blocks = counted_blocks(session.blocks, [case.id for case in session.header.cases])
    series = {case.id: series_of(blocks[case.id]) for case in session.header.cases}
    rule = rule_of(session.header.options, margin=margin, confidence_level=confidence_level)
    judgements = judge_run(series, rule, planned=rule_of(session.header.options), is_over=session.end is not None)
    costs = compare_costs(session.costs, session.checks, rule)
    return tuple(
        _comparison(case, blocks[case.id], judgements[case.id], costs.get(case.id)) for case in session.header.cases
    )


def series_of(blocks: Sequence[Block]) -> Series:
    """Effects and nulls, a pass each."""
    sets = [[arm_medians(arm_set) for arm_set in block.sets] for block in blocks]
    return Series(
        effects=tuple(statistics.fmean(contrast_of(one, EFFECT) for one in medians) for medians in sets),
        nulls=tuple(
            statistics.fmean(contrast_of(one, null_of(block)) for one in medians)
            for block, medians in zip(blocks, sets, strict=True)
        ),
    )


def null_of(block: Block) -> Contrast:
    """The contrast that shows a block's noise."""
    return NULL_IN_PAIRS if is_paired(block) else NULL


def is_paired(block: Block) -> bool:
    """Whether its arms were loaded two at a time, for want of memory."""
    return block.arms_at_once < len(ARMS)


def _comparison(case: Case, blocks: Sequence[Block], judgement: Judgement, cost: CostComparison | None) -> Comparison:
    evidence = judgement.evidence
    return Comparison(
        case=case,
        passes=len(blocks),
        effect=evidence.effect,
        null=evidence.null,
        noise_floor=evidence.noise_floor,
        time_s=_times(blocks),
        verdict=judgement.verdict,
        reason=judgement.reason,
        more_passes=more_passes(judgement),
        decidable_margin=decidable_margin(judgement),
        is_biased=judgement.is_biased,
        disturbed_passes=sum(bool(block.disturbed_by) for block in blocks),
        paired_passes=sum(map(is_paired, blocks)),
        overhead=call_overhead(blocks, confidence_level=evidence.rule.confidence_level),
        cost=cost,
    )


def _times(blocks: Sequence[Block]) -> dict[WeightLayout, float]:
    """Seconds per call of each layout: the geometric mean over its arms, sets and passes."""
    medians = [arm_medians(arm_set) for block in blocks for arm_set in block.sets]
    if not medians:
        return {}
    return {layout: math.exp(layout_mean(medians, layout)) for layout in WeightLayout}
