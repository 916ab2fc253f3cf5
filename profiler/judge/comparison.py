"""From the raw slice times of a case to its series: the effect, its null, and the time per call.

Per arm and set there is one value, the median over rounds of log(time per call), and of these the effect and the null
are made (`contrasts`). A block's effect is the mean over its sets of arms. The pass is the unit of analysis: blocks of
one process share its memory layout.
"""

import math
import statistics
from collections.abc import Sequence

from profiler.judge.contrasts import EFFECT, NULL, NULL_IN_PAIRS, Contrast, contrast_of
from profiler.judge.effects import arm_medians, layout_mean
from profiler.judge.verdicts import Rule, Series
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS
from profiler.session.records import Block, Options


def rule_of(options: Options, *, margin: float | None = None, confidence_level: float | None = None) -> Rule:
    """The rule a run was planned with, or the same looks with another margin or confidence level."""
    return Rule(
        margin=options.margin if margin is None else margin,
        confidence_level=options.confidence_level if confidence_level is None else confidence_level,
        looks=options.looks,
    )


def series_of(blocks: Sequence[Block]) -> Series:
    """The effect and the null of each pass, from the blocks of a case."""
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


def layout_times(blocks: Sequence[Block]) -> dict[WeightLayout, float]:
    """Seconds per call of each layout: the geometric mean over its arms, sets and passes."""
    medians = [arm_medians(arm_set) for block in blocks for arm_set in block.sets]
    if not medians:
        return {}
    return {layout: math.exp(layout_mean(medians, layout)) for layout in WeightLayout}
