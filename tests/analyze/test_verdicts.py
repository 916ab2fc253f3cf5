import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.layout import WeightLayout
from profiler.analyze.comparison import arm_medians, block_effect, block_null, compare, compare_session
from profiler.analyze.verdicts import decide, more_passes
from profiler.records import Block, Estimate, Verdict
from profiler.session import ARMS
from tests.sessions import make_block, make_case, make_session

MARGIN = 0.03
QUIET = Estimate(point=0, low=-0.001, high=0.001, confidence_level=0.95)
NOISY = Estimate(point=0, low=-0.1, high=0.1, confidence_level=0.95)


def interval(low: float, high: float) -> Estimate:
    return Estimate(point=(low + high) / 2, low=low, high=high, confidence_level=0.95)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.031, 0.05, Verdict.PAYS_OFF),
        (0.029, 0.05, Verdict.UNDECIDED),
        (-0.05, -0.031, Verdict.COSTS),
        (-0.05, -0.029, Verdict.UNDECIDED),
        (-0.029, 0.029, Verdict.EQUAL),
        (-0.031, 0.01, Verdict.UNDECIDED),
        (0.01, 0.02, Verdict.EQUAL),
    ],
)
def test_a_quiet_run_is_judged_by_the_margin(low: float, high: float, verdict: Verdict) -> None:
    assert decide(interval(low, high), QUIET, passes=10, margin=MARGIN).verdict is verdict


def test_noise_makes_undecided_and_never_equal() -> None:
    for low, high in ((-0.01, 0.01), (0.04, 0.09), (-0.09, -0.04)):
        assert decide(interval(low, high), NOISY, passes=10, margin=MARGIN).verdict is Verdict.UNDECIDED
    assert decide(interval(0.11, 0.2), NOISY, passes=10, margin=MARGIN).verdict is Verdict.PAYS_OFF


def test_too_few_passes_are_undecided() -> None:
    decision = decide(interval(0.5, 0.6), QUIET, passes=4, margin=MARGIN)
    assert decision.verdict is Verdict.UNDECIDED
    assert "4 of at least 5" in decision.reason


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.001, 0.5))
def test_swapping_the_layouts_swaps_the_verdict(centre: float, half: float, noise: float, margin: float) -> None:
    null = interval(-noise, noise)
    verdict = decide(interval(centre - half, centre + half), null, passes=10, margin=margin).verdict
    mirrored = decide(interval(-centre - half, -centre + half), null, passes=10, margin=margin).verdict
    opposite = {Verdict.PAYS_OFF: Verdict.COSTS, Verdict.COSTS: Verdict.PAYS_OFF}
    assert mirrored is opposite.get(verdict, verdict)


def block(**times: int) -> Block:
    return Block(
        case="x", pass_index=0, at_s=0, calls=2, slices_ns={arm: (times[arm], times[arm], 10**9) for arm in ARMS}
    )


def test_the_estimators_are_those_of_the_protocol() -> None:
    medians = arm_medians(block(out_in_1=1000, out_in_2=2000, in_out_1=4000, in_out_2=16000))
    assert medians["out_in_1"] == pytest.approx(math.log(500e-9))
    assert block_effect(medians) == pytest.approx(math.log(4 * 16 / (1 * 2)) / 2)
    assert block_null(medians) == pytest.approx(math.log(1 * 4 / (2 * 16)) / 2)


def test_a_slower_in_out_is_a_speedup_of_transposed_storage() -> None:
    case = make_case()
    comparison = compare_session(make_session({case: 1.2}))[0]
    assert comparison.verdict is Verdict.PAYS_OFF
    assert comparison.effect is not None
    assert math.exp(comparison.effect.point) == pytest.approx(1.2, rel=0.01)
    times = comparison.time_s
    assert times[WeightLayout.IN_OUT] / times[WeightLayout.OUT_IN] == pytest.approx(1.2, rel=0.01)


def test_known_ratios_get_the_verdicts_they_deserve() -> None:
    factors = {make_case(1): 1.0, make_case(2): 1.1, make_case(3): 1 / 1.1}
    found = [comparison.verdict for comparison in compare_session(make_session(factors))]
    assert found == [Verdict.EQUAL, Verdict.PAYS_OFF, Verdict.COSTS]


def test_cases_without_blocks_are_undecided_and_have_no_numbers() -> None:
    comparison = compare(make_case(), [], margin=MARGIN, confidence_level=0.95)
    assert (comparison.verdict, comparison.effect, comparison.time_s) == (Verdict.UNDECIDED, None, {})


def test_identical_layouts_with_placement_noise_are_almost_never_called_different() -> None:
    """Placement noise of 3 %, as seen between re-allocations of one weight. Expected: far fewer than 5 in 100."""
    case, generator = make_case(), random.Random(5)
    alarms = equals = 0
    for _ in range(400):
        blocks = [make_block(case, index, factor=1.0, generator=generator, placement_sd=0.03) for index in range(10)]
        verdict = compare(case, blocks, margin=MARGIN, confidence_level=0.95).verdict
        alarms += verdict in (Verdict.PAYS_OFF, Verdict.COSTS)
        equals += verdict is Verdict.EQUAL
    assert alarms <= 4
    assert equals > 0


def test_effect_and_null_of_identical_layouts_have_the_same_spread() -> None:
    case, generator = make_case(), random.Random(6)
    medians = [
        arm_medians(make_block(case, 0, factor=1.0, generator=generator, placement_sd=0.03)) for _ in range(2000)
    ]
    spread = [
        math.sqrt(sum(function(m) ** 2 for m in medians) / len(medians)) for function in (block_effect, block_null)
    ]
    assert spread[0] / spread[1] == pytest.approx(1, abs=0.06)


def test_more_passes_are_as_many_as_would_narrow_the_interval_enough() -> None:
    """0.02 +- 0.02 fits below log(1.03) = 0.0296 when it is about half as wide."""
    found = more_passes(interval(0.0, 0.04), QUIET, passes=10, margin=MARGIN)
    assert found is not None
    assert 25 < found < 45
    assert more_passes(interval(-0.01, 0.01), QUIET, passes=10, margin=MARGIN) is None
    assert more_passes(interval(0.0, 2 * math.log1p(MARGIN)), QUIET, passes=10, margin=MARGIN) is None
    assert more_passes(None, None, passes=1, margin=MARGIN) is None
    assert more_passes(interval(0.1, 0.12), QUIET, passes=3, margin=MARGIN) == 2
