"""The times of the arms of one set, from its raw slices: what the effect and the null of a block are made of."""

import math
import statistics
from collections.abc import Mapping, Sequence

from profiler.models.layout import WeightLayout
from profiler.session.arms import Arm, arms_of
from profiler.session.records import ArmSet


def arm_medians(arm_set: ArmSet) -> dict[Arm, float]:
    """For each arm the median over rounds of log(seconds per call)."""
    return {arm: math.log(statistics.median(times) * 1e-9 / arm_set.calls) for arm, times in arm_set.slices_ns.items()}


def layout_mean(sets: Sequence[Mapping[Arm, float]], layout: WeightLayout) -> float:
    """The mean of log(seconds per call) of a layout over its arms in these sets."""
    return statistics.fmean(medians[arm] for medians in sets for arm in arms_of(layout))
