import math
import random
import statistics

import pytest

from profiler.judge.costs import COST_MARGIN, compare_costs
from profiler.judge.records import Verdict
from profiler.judge.statistics import t_quantile
from profiler.judge.verdicts import MIN_PASSES, Rule
from profiler.models.layout import WeightLayout
from profiler.session.records import ArmCost, ArmTruth, Check, Cost, Executed, ExecutedLayout

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
BOUND = math.log1p(COST_MARGIN)
RULE = Rule()
MIB = 1 << 20


def scores(count: int) -> list[float]:
    """Mean 0, standard deviation 1."""
    normal = statistics.NormalDist()
    values = [normal.inv_cdf((at + 0.5) / count) for at in range(count)]
    return [value / statistics.stdev(values) for value in values]


def costs(
    case: str, ratio: float, *, spread: float = 0.01, passes: int = 8, first_call: float = 1.0, **memory: int
) -> list[Cost]:
    """Loading [in, out] takes `ratio` times as long, with that standard deviation of the log ratio."""
    return [
        Cost(
            case=case,
            pass_index=at,
            arms={
                OUT_IN: ArmCost(load_s=0.01, first_call_s=0.002, **memory),
                IN_OUT: ArmCost(
                    load_s=0.01 * ratio * math.exp(spread * score),
                    first_call_s=0.002 * first_call * math.exp(spread * score),
                    **memory,
                ),
            },
        )
        for at, score in enumerate(scores(passes))
    ]


def with_p_value(case: str, p_value: float, *, passes: int = 8, spread: float = 0.05) -> list[Cost]:
    """Load times whose one-sided p-value against the margin is exactly that."""
    distance = t_quantile(1 - p_value, passes - 1) * spread / math.sqrt(passes)
    return costs(case, math.exp(BOUND + distance), spread=spread, passes=passes)


def test_known_ratios_come_out_with_the_verdict_they_deserve() -> None:
    found = compare_costs(
        [*costs("dear", 1.5), *costs("cheap", 1 / 1.5), *costs("alike", 1.01), *costs("unclear", 1.1)], [], RULE
    )
    assert {case: comparison.load_verdict for case, comparison in found.items()} == {
        "dear": Verdict.PAYS_OFF, "cheap": Verdict.COSTS, "alike": Verdict.EQUAL, "unclear": Verdict.UNDECIDED,
    }  # fmt: skip
    dear = found["dear"]
    assert dear.repeats == 8
    assert dear.load_ratio is not None
    assert dear.load_ratio.point == pytest.approx(1.5)
    assert dear.load_s[OUT_IN].point == pytest.approx(0.01)
    assert dear.load_s[IN_OUT].point == pytest.approx(0.015)
    assert dear.load_s[IN_OUT].low < 0.015 < dear.load_s[IN_OUT].high


def test_first_calls_are_judged_by_themselves() -> None:
    found = compare_costs([*costs("x", 1.0, first_call=3.0), *costs("y", 3.0, first_call=1.0)], [], RULE)
    assert (found["x"].load_verdict, found["x"].first_call_verdict) == (Verdict.EQUAL, Verdict.PAYS_OFF)
    assert (found["y"].load_verdict, found["y"].first_call_verdict) == (Verdict.PAYS_OFF, Verdict.EQUAL)
    assert found["x"].first_call_ratio is not None
    assert found["x"].first_call_ratio.point == pytest.approx(3)
    assert found["x"].first_call_s[IN_OUT].point == pytest.approx(0.006)


def test_the_margin_is_wider_than_that_of_speed_unless_that_is_wider_still() -> None:
    """5 % slower to load is no reason to choose a layout, 15 % is, and not for one who wants 30 %."""
    five, fifteen = costs("x", 1.05), costs("x", 1.15)
    for margin in (0.001, 0.03):
        assert compare_costs(five, [], Rule(margin=margin))["x"].load_verdict is Verdict.EQUAL
        assert compare_costs(fifteen, [], Rule(margin=margin))["x"].load_verdict is Verdict.PAYS_OFF
    assert compare_costs(fifteen, [], Rule(margin=0.3))["x"].load_verdict is Verdict.EQUAL


@pytest.mark.parametrize("count", [1, 2, 10, 40])
def test_one_difference_among_many_must_be_as_sure_as_holm_demands(count: int) -> None:
    others = [cost for at in range(count - 1) for cost in costs(f"alike {at}", 1.0, spread=0.5)]
    for factor, verdict in ((0.98, Verdict.PAYS_OFF), (1.02, Verdict.UNDECIDED)):
        found = compare_costs([*others, *with_p_value("x", factor * 0.025 / count)], [], RULE)
        assert found["x"].load_verdict is verdict
        assert {found[case].load_verdict for case in found if case != "x"} <= {Verdict.UNDECIDED}


def test_a_difference_found_leaves_its_error_to_the_others() -> None:
    sure, less_sure = with_p_value("sure", 0.9 * 0.025 / 2), with_p_value("less sure", 0.9 * 0.025)
    found = compare_costs([*less_sure, *sure], [], RULE)
    assert {comparison.load_verdict for comparison in found.values()} == {Verdict.PAYS_OFF}
    found = compare_costs([*less_sure, *with_p_value("alike", 0.9 * 0.025)], [], RULE)
    assert {comparison.load_verdict for comparison in found.values()} == {Verdict.UNDECIDED}


def test_few_repeats_have_times_and_no_verdict() -> None:
    found = compare_costs(costs("x", 2.0, passes=MIN_PASSES - 1), [], RULE)["x"]
    assert found.load_verdict is found.first_call_verdict is Verdict.UNDECIDED
    assert found.load_ratio is not None
    one = compare_costs(costs("x", 2.0, passes=2)[:1], [], RULE)["x"]
    assert (one.repeats, one.load_ratio, one.load_s) == (1, None, {})


def test_memory_is_what_loading_added_and_the_peak() -> None:
    generator = random.Random(1)
    found = [
        Cost(case="x", pass_index=at, arms={
            layout: ArmCost(
                load_s=0.01, first_call_s=0.01, resident_before_bytes=50 * MIB,
                resident_loaded_bytes=(50 + rise) * MIB + generator.randrange(-4096, 4096), peak_bytes=peak * MIB,
            )
            for layout, rise, peak in ((OUT_IN, 10, 80), (IN_OUT, 20, 95))
        })
        for at in range(8)
    ]  # fmt: skip
    comparison = compare_costs(found, [], RULE)["x"]
    assert comparison.load_rise_bytes[OUT_IN].point == pytest.approx(10 * MIB, abs=4096)
    assert comparison.load_rise_bytes[IN_OUT].point == pytest.approx(20 * MIB, abs=4096)
    assert comparison.peak_bytes[OUT_IN].point == 80 * MIB
    assert comparison.peak_bytes[IN_OUT].high == 95 * MIB


def test_memory_that_nobody_could_read_is_left_out() -> None:
    comparison = compare_costs(costs("x", 1.0), [], RULE)["x"]
    assert comparison.peak_bytes == comparison.load_rise_bytes == {}
    half = compare_costs(costs("x", 1.0, resident_loaded_bytes=5, peak_bytes=7), [], RULE)["x"]
    assert half.load_rise_bytes == {}
    assert half.peak_bytes[OUT_IN].point == 7
    assert compare_costs([], [], RULE) == {}


def test_sizes_are_those_of_the_checked_files() -> None:
    executed = Executed(layout=ExecutedLayout.PACKED, operator="Gemm", known_by="x")
    check = Check(case="x", arms=tuple(
        ArmTruth(layout=layout, stored_layout=layout, executed=executed, max_error=0, tolerance=1, size_bytes=size)
        for layout, size in ((OUT_IN, 100), (IN_OUT, 104))
    ))  # fmt: skip
    found = compare_costs([*costs("x", 1.0), *costs("unchecked", 1.0)], [check], RULE)
    assert found["x"].size_bytes == {OUT_IN: 100, IN_OUT: 104}
    assert found["unchecked"].size_bytes == {}


def test_false_alarms_over_all_cases_stay_rare() -> None:
    """Suites of 40 alike cases right at the margin, where alarms come soonest. Ten of 100 come once in 30 times."""
    alarms = 0
    for seed in range(100):
        generator = random.Random(seed)
        suite = [
            Cost(case=str(case), pass_index=at, arms={
                OUT_IN: ArmCost(load_s=0.01, first_call_s=0.01),
                IN_OUT: ArmCost(load_s=0.011 * generator.lognormvariate(0, 0.05), first_call_s=0.01),
            })
            for case in range(40) for at in range(8)
        ]  # fmt: skip
        verdicts = {comparison.load_verdict for comparison in compare_costs(suite, [], RULE).values()}
        alarms += bool(verdicts & {Verdict.PAYS_OFF, Verdict.COSTS})
    assert alarms <= 10
