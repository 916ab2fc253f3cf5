"""What a call costs without its layers, and the ratio of the layouts with that taken off."""

import math
import statistics
from collections.abc import Sequence

from profiler.judge.effects import arm_medians, layout_mean
from profiler.judge.records import Overhead
from profiler.judge.statistics import ratio_of, t_interval
from profiler.models.layout import WeightLayout
from profiler.session.records import Block

BOUND_SHARE = 0.5  # of a call: beyond it most is the runtime's own


def call_overhead(blocks: Sequence[Block], *, confidence_level: float) -> Overhead | None:
    """The overhead of a case from its blocks; None where the identity model was not timed.

    The interval of the ratio is one over passes, each with its own overhead taken off both layouts. In a pass where
    nothing is left after that the ratio is undefined, and so it is for the case.
    """
    if not blocks or not all(arm_set.identity_ns for block in blocks for arm_set in block.sets):
        return None
    passes = [_seconds(block) for block in blocks]
    overhead = _geometric_mean([identity for _, _, identity in passes])
    fastest = min(_geometric_mean([out_in for out_in, _, _ in passes]), _geometric_mean([b for _, b, _ in passes]))
    effect = None
    if len(passes) > 1 and all(min(out_in, in_out) > identity for out_in, in_out, identity in passes):
        values = [math.log((in_out - identity) / (out_in - identity)) for out_in, in_out, identity in passes]
        effect = t_interval(values, confidence_level=confidence_level)
    share = min(1.0, overhead / fastest)
    return Overhead(time_s=overhead, share=share, is_bound=share > BOUND_SHARE, speedup=ratio_of(effect))


def _seconds(block: Block) -> tuple[float, float, float]:
    """Seconds per call of out_in, in_out and the identity model in one pass: geometric means over its sets."""
    medians = [arm_medians(arm_set) for arm_set in block.sets]
    out_in, in_out = (math.exp(layout_mean(medians, layout)) for layout in WeightLayout)
    identity = _geometric_mean([statistics.median(s.identity_ns) * 1e-9 / s.identity_calls for s in block.sets])
    return out_in, in_out, identity


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))
