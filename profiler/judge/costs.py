"""What a layout costs beside speed: load time, first call, memory. One sample a pass, in a process of its own."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from profiler.judge.family import reject_by_p_value
from profiler.judge.records import Costs, Estimate, Verdict
from profiler.judge.statistics import ratio_of, t_interval, t_p_value
from profiler.judge.verdicts import MIN_PASSES, Rule
from profiler.models.layout import WeightLayout
from profiler.session.records import ArmCost, Check, Cost

COST_MARGIN = 0.10  # below that nobody chooses a layout for its load time


def cost_margin(rule: Rule) -> float:
    """The margin of load times and first calls."""
    return max(rule.margin, COST_MARGIN)


def compare_costs(costs: Sequence[Cost], checks: Sequence[Check], rule: Rule) -> dict[str, Costs]:
    """The costs of each case that has some.

    Load times and first calls are paid once, so they are judged by a wider margin, each as a family of all cases: the
    chance of any false pays off or costs among the load times stays below the error allowed, and so for the first
    calls.
    """
    bound = math.log1p(cost_margin(rule))
    by_case: dict[str, list[Cost]] = {}
    for cost in costs:
        by_case.setdefault(cost.case, []).append(cost)
    sizes = {check.case: {arm.layout: arm.size_bytes for arm in check.arms} for check in checks}
    loads = {case: _log_ratios(found, _load_s) for case, found in by_case.items()}
    first_calls = {case: _log_ratios(found, _first_call_s) for case, found in by_case.items()}
    load_verdicts, first_call_verdicts = _judge(loads, rule, bound), _judge(first_calls, rule, bound)
    level = rule.confidence_level
    return {
        case: Costs(
            repeats=len(found),
            load_s=_times(found, _load_s, level),
            first_call_s=_times(found, _first_call_s, level),
            peak_bytes=_bytes(found, _peak_bytes, level),
            load_rise_bytes=_bytes(found, _rise_bytes, level),
            size_bytes=sizes.get(case, {}),
            load_ratio=ratio_of(_interval(loads[case], level)),
            load_verdict=load_verdicts[case],
            first_call_ratio=ratio_of(_interval(first_calls[case], level)),
            first_call_verdict=first_call_verdicts[case],
        )
        for case, found in by_case.items()
    }


def _load_s(arm: ArmCost) -> float:
    return arm.load_s


def _first_call_s(arm: ArmCost) -> float:
    return arm.first_call_s


def _peak_bytes(arm: ArmCost) -> int | None:
    return arm.peak_bytes


def _rise_bytes(arm: ArmCost) -> int | None:
    if arm.resident_loaded_bytes is None or arm.resident_before_bytes is None:
        return None
    return arm.resident_loaded_bytes - arm.resident_before_bytes


def _log_ratios(costs: Sequence[Cost], read: Callable[[ArmCost], float]) -> list[float]:
    """log(in_out / out_in), a pass each."""
    return [math.log(read(cost.arms[WeightLayout.IN_OUT]) / read(cost.arms[WeightLayout.OUT_IN])) for cost in costs]


def _interval(values: Sequence[float], level: float) -> Estimate | None:
    return t_interval(values, confidence_level=level) if len(values) > 1 else None


def _times(costs: Sequence[Cost], read: Callable[[ArmCost], float], level: float) -> dict[WeightLayout, Estimate]:
    """Seconds of each layout: the geometric mean over passes and its interval."""
    found = {}
    for layout in WeightLayout:
        estimate = ratio_of(_interval([math.log(read(cost.arms[layout])) for cost in costs], level))
        if estimate is not None:
            found[layout] = estimate
    return found


def _bytes(costs: Sequence[Cost], read: Callable[[ArmCost], int | None], level: float) -> dict[WeightLayout, Estimate]:
    """Bytes of each layout: the mean over passes and its interval; a layout nobody could read is left out."""
    found = {}
    for layout in WeightLayout:
        values = [value for cost in costs if (value := read(cost.arms[layout])) is not None]
        estimate = _interval(values, level)
        if estimate is not None:
            found[layout] = estimate
    return found


def _judge(ratios: Mapping[str, Sequence[float]], rule: Rule, bound: float) -> dict[str, Verdict]:
    """Whether OUT_IN is cheaper (pays off) or dearer (costs) by more than the margin; equal within it."""
    p_values: dict[str, float] = {}
    found = dict.fromkeys(ratios, Verdict.UNDECIDED)
    for case, values in ratios.items():
        if len(values) < MIN_PASSES:
            continue
        pays, costs = (t_p_value([sign * value for value in values], bound) for sign in (1, -1))
        p_values[case] = 2 * min(pays, costs)
        interval = t_interval(values, confidence_level=rule.confidence_level)
        if -bound < interval.low <= interval.high < bound:
            found[case] = Verdict.EQUAL
    for case in reject_by_p_value(p_values, error=rule.error):
        found[case] = Verdict.PAYS_OFF if statistics.fmean(ratios[case]) > 0 else Verdict.COSTS
    return found
