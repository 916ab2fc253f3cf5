"""The estimators of one set of arms, from its raw slice times; see `comparison` for what becomes of them."""

import math
import statistics
from collections.abc import Mapping

from profiler.session.records import ArmSet


def arm_medians(arm_set: ArmSet) -> dict[str, float]:
    """For each arm the median over rounds of log(seconds per call)."""
    return {arm: math.log(statistics.median(times) * 1e-9 / arm_set.calls) for arm, times in arm_set.slices_ns.items()}


def set_effect(medians: Mapping[str, float]) -> float:
    """Log speedup of transposed storage in one set: above 0 it pays."""
    return (medians["in_out_1"] + medians["in_out_2"] - medians["out_in_1"] - medians["out_in_2"]) / 2


def set_null(medians: Mapping[str, float], *, in_pairs: bool = False) -> float:
    """The same sum over two copies of each layout: 0 but for noise.

    Where memory was short, the arms were loaded and timed in two pairs, `out_in_1` with `in_out_1` and then `out_in_2`
    with `in_out_2`. The effect is the mean of what both pairs show, and the null is half their difference: it has the
    effect's variance then too, whatever the layouts cost, and what changed between the pairs is in neither of them.
    """
    if in_pairs:
        return (medians["in_out_1"] - medians["out_in_1"] - medians["in_out_2"] + medians["out_in_2"]) / 2
    return (medians["out_in_1"] - medians["out_in_2"] + medians["in_out_1"] - medians["in_out_2"]) / 2
