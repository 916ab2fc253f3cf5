"""From raw slice times to one comparison per case: the effect, its null, and the time per call.

Per arm and block, `m` is the median over rounds of log(time per call). With arms O1, O2 (out_in) and I1, I2 (in_out)
the block's effect is `(m_I1 + m_I2 - m_O1 - m_O2) / 2`, the log speedup of transposed storage, and its null is
`(m_O1 - m_O2 + m_I1 - m_I2) / 2`. If the layouts are equal both have the same variance, so that every run carries its
own control. The pass is the unit of analysis: blocks of one process share its memory layout.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence

from models.layout import WeightLayout
from profiler.analyze.statistics import t_interval
from profiler.analyze.verdicts import decide, more_passes
from profiler.records import Block, Case, Comparison, Session

CONFIDENCE_LEVEL = 0.95
DEFAULT_MARGIN = 0.03


def compare_session(
    session: Session, *, margin: float = DEFAULT_MARGIN, confidence_level: float = CONFIDENCE_LEVEL
) -> tuple[Comparison, ...]:
    """One comparison per case of the session, in its order; cases without a block are undecided.

    Every interval holds at `confidence_level` for its own case. A correction for the number of cases would change
    `confidence_level` here, and a rule for looking before all passes are done would choose the blocks.
    """
    blocks: dict[str, list[Block]] = defaultdict(list)
    for block in session.blocks:
        blocks[block.case].append(block)
    return tuple(
        compare(case, blocks[case.id], margin=margin, confidence_level=confidence_level)
        for case in session.header.cases
    )


def compare(case: Case, blocks: Sequence[Block], *, margin: float, confidence_level: float) -> Comparison:
    """The comparison of one case from its blocks, one per pass."""
    medians = [arm_medians(block) for block in blocks]
    effect = null = None
    if len(medians) > 1:
        effect = t_interval([block_effect(m) for m in medians], confidence_level=confidence_level)
        null = t_interval([block_null(m) for m in medians], confidence_level=confidence_level)
    decision = decide(effect, null, passes=len(medians), margin=margin)
    return Comparison(
        case=case,
        passes=len(medians),
        effect=effect,
        null=null,
        noise_floor=decision.noise_floor,
        time_s=_times(medians),
        verdict=decision.verdict,
        reason=decision.reason,
        more_passes=more_passes(effect, null, passes=len(medians), margin=margin),
    )


def arm_medians(block: Block) -> dict[str, float]:
    """For each arm the median over rounds of log(seconds per call)."""
    return {
        arm: statistics.median(math.log(time * 1e-9 / block.calls) for time in times)
        for arm, times in block.slices_ns.items()
    }


def block_effect(medians: dict[str, float]) -> float:
    """Log speedup of transposed storage in one block: above 0 it pays."""
    return (medians["in_out_1"] + medians["in_out_2"] - medians["out_in_1"] - medians["out_in_2"]) / 2


def block_null(medians: dict[str, float]) -> float:
    """The same sum over two copies of each layout: 0 but for noise."""
    return (medians["out_in_1"] - medians["out_in_2"] + medians["in_out_1"] - medians["in_out_2"]) / 2


def _times(medians: Sequence[dict[str, float]]) -> dict[WeightLayout, float]:
    """Seconds per call of each layout: the geometric mean over its arms and passes."""
    if not medians:
        return {}
    return {
        layout: math.exp(statistics.fmean(m[f"{layout}_{copy}"] for m in medians for copy in (1, 2)))
        for layout in WeightLayout
    }
