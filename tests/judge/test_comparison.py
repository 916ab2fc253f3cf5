import math
import random

import msgspec
import pytest

from profiler.judge.comparison import rule_of, series_of
from profiler.judge.contrasts import EFFECT, NULL, contrast_of
from profiler.judge.effects import arm_medians
from profiler.judge.records import Row, Verdict
from profiler.judge.rows import compare_session
from profiler.judge.statistics import ratio_of
from profiler.judge.verdicts import Rule, judge
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS, Arm
from profiler.session.records import ArmSet, Block, Disturbance, End, EndReason, Session, arm_times
from tests.sessions import make_block, make_case, make_header, make_session


def arm_set(*times: int) -> ArmSet:
    """Both copies of out_in, then both of in_out."""
    slices = {arm: (time, time, 10**9) for arm, time in zip(ARMS, times, strict=True)}
    return ArmSet(calls=2, arms=arm_times(slices), load_s=0, rounds_s=1)


END = End(reason=EndReason.COMPLETE, utc="x", elapsed_s=1)
UNEQUAL = arm_set(1000, 2000, 4000, 16000)
MIRRORED = arm_set(2000, 1000, 4000, 4000)


def only(session: Session, **changes: float) -> Row:
    (comparison,) = compare_session(session, **changes)
    return comparison


def test_the_estimators_are_those_of_the_protocol() -> None:
    medians = arm_medians(UNEQUAL)
    assert medians[Arm(WeightLayout.OUT_IN, 1)] == pytest.approx(math.log(500e-9))
    assert contrast_of(medians, EFFECT) == pytest.approx(math.log(4 * 16 / (1 * 2)) / 2)
    assert contrast_of(medians, NULL) == pytest.approx(math.log(1 * 4 / (2 * 16)) / 2)


def test_a_block_is_the_mean_of_its_sets() -> None:
    blocks = [
        Block(case="x", pass_index=0, at_s=0, sets=(UNEQUAL, MIRRORED)),
        Block(case="x", pass_index=1, at_s=1, sets=(MIRRORED,)),
    ]
    both, mirrored = math.log(32) / 2, math.log(8) / 2
    found = series_of(blocks)
    assert found.effects == pytest.approx(((both + mirrored) / 2, mirrored))
    assert found.nulls == pytest.approx(((-math.log(8) / 2 + math.log(2) / 2) / 2, math.log(2) / 2))


def test_a_slower_in_out_is_a_speedup_of_transposed_storage() -> None:
    comparison = only(make_session({make_case(): 1.2}))
    assert comparison.verdict is Verdict.PAYS_OFF
    assert comparison.speedup is not None
    assert comparison.speedup.point == pytest.approx(1.2, rel=0.01)
    times = [comparison.arms[layout].time_s for layout in WeightLayout]
    assert (times[1] or 0) / (times[0] or 1) == pytest.approx(1.2, rel=0.01)


def test_known_ratios_get_the_verdicts_they_deserve() -> None:
    factors = {make_case(1): 1.0, make_case(2): 1.1, make_case(3): 1 / 1.1}
    found = [comparison.verdict for comparison in compare_session(make_session(factors))]
    assert found == [Verdict.EQUAL, Verdict.PAYS_OFF, Verdict.COSTS]


def test_cases_without_blocks_are_undecided_and_have_no_numbers() -> None:
    comparison = only(msgspec.structs.replace(make_session({make_case(): 1.0}), blocks=()))
    assert (comparison.verdict, comparison.speedup, comparison.null) == (Verdict.UNDECIDED, None, None)
    assert {arm.time_s for arm in comparison.arms.values()} == {None}
    assert (comparison.passes, comparison.more_passes, comparison.overhead, comparison.cost) == (0, None, None, None)


def test_a_case_that_was_left_early_is_shown_as_it_was_decided() -> None:
    """One case has 8 passes of up to 32, the others all: the 8 are enough for it."""
    early, late = make_case(1), make_case(8)
    generator = random.Random(3)
    blocks = [make_block(early, at, factor=1.1, generator=generator) for at in range(8)]
    blocks += [make_block(late, at, factor=1.02, generator=generator, placement_sd=0.1) for at in range(32)]
    session = Session(header=make_header((early, late), (8, 12, 16, 24, 32)), blocks=tuple(blocks), end=END)
    found = {comparison.case: comparison for comparison in compare_session(session)}
    assert (found[early].verdict, found[early].passes) == (Verdict.PAYS_OFF, 8)
    assert (found[late].verdict, found[late].passes) == (Verdict.UNDECIDED, 32)


def stopped_after_8(factor: float) -> Session:
    """The run had looks up to 32 and decided its only case at the first."""
    generator = random.Random(4)
    blocks = tuple(
        make_block(make_case(), at, factor=factor, generator=generator, placement_sd=0.005) for at in range(8)
    )
    return Session(header=make_header((make_case(),), (8, 12, 16, 24, 32)), blocks=blocks, end=END)


def test_a_case_that_the_run_decided_shows_the_interval_it_was_decided_by() -> None:
    """It stopped because of what it showed: an interval that spends all error at this look would promise too much."""
    session = stopped_after_8(1.01)
    in_the_run = judge({"x": series_of(session.blocks)}, rule_of(session.header.options), is_over=False)["x"]
    assert in_the_run.verdict is Verdict.EQUAL
    assert only(session).speedup == ratio_of(in_the_run.evidence.effect)
    assert only(session).null == ratio_of(in_the_run.evidence.null)


def test_another_margin_judges_anew_and_gives_a_stopped_case_no_second_share() -> None:
    """At 3 % the run stopped it after 8 passes as equal. At 1 % it is open, and must not spend what 32 would have."""
    session = stopped_after_8(1.01)
    strict = only(session, margin=0.01)
    assert strict.verdict is Verdict.UNDECIDED
    in_the_run = judge({"x": series_of(session.blocks)}, rule_of(session.header.options), is_over=False)["x"]
    assert strict.speedup == ratio_of(in_the_run.evidence.effect)
    assert only(session, margin=0.1).verdict is Verdict.EQUAL


def test_a_session_that_is_still_written_is_judged_at_its_looks_alone() -> None:
    """Reading it again and again while it grows must not be a look each time."""
    blocks = stopped_after_8(1.2).blocks
    for count in range(8):
        session = Session(header=make_header((make_case(),), (8, 12)), blocks=blocks[:count])
        assert only(session).verdict is Verdict.UNDECIDED
    assert only(Session(header=make_header((make_case(),), (8, 12)), blocks=blocks)).verdict is Verdict.PAYS_OFF


def test_another_confidence_level_widens_the_interval() -> None:
    session = make_session({make_case(): 1.2})
    usual, surer = only(session), only(session, confidence_level=0.99)
    assert usual.speedup is not None
    assert surer.speedup is not None
    assert surer.speedup.high > usual.speedup.high
    assert (usual.speedup.confidence_level, surer.speedup.confidence_level) == (0.95, 0.99)


def test_disturbed_passes_are_left_out_and_counted_where_they_count() -> None:
    """Disturbed blocks show twice the ratio: taken in, they would turn the verdict."""
    case = make_case()
    generator = random.Random(5)

    def session(disturbed: int) -> Session:
        blocks = [
            make_block(case, at, factor=2.0 if at < disturbed else 1.0, generator=generator,
                       disturbed_by=(Disturbance.SWAP,) if at < disturbed else ())
            for at in range(12)
        ]  # fmt: skip
        return Session(header=make_header((case,), (12,)), blocks=tuple(blocks), end=END)

    few, most = only(session(6)), only(session(7))
    assert (few.verdict, few.passes, few.disturbed_passes) == (Verdict.EQUAL, 6, 0)
    assert (most.verdict, most.passes, most.disturbed_passes) == (Verdict.PAYS_OFF, 12, 7)


def test_a_rule_is_the_runs_own_unless_asked_otherwise() -> None:
    options = make_header((make_case(),), (8, 16)).options
    assert rule_of(options) == Rule(margin=0.03, confidence_level=0.95, looks=(8, 16))
    assert rule_of(options, margin=0.1, confidence_level=0.9) == Rule(0.1, 0.9, (8, 16))


def test_identical_layouts_with_placement_noise_are_almost_never_called_different() -> None:
    """Placement noise of 3 %, as seen between re-allocations of one weight. Expected: far fewer than 5 in 100."""
    generator = random.Random(5)
    alarms = equals = 0
    for _ in range(300):
        blocks = tuple(
            make_block(make_case(), index, factor=1.0, generator=generator, placement_sd=0.03) for index in range(10)
        )
        verdict = only(Session(header=make_header((make_case(),)), blocks=blocks, end=END)).verdict
        alarms += verdict in (Verdict.PAYS_OFF, Verdict.COSTS)
        equals += verdict is Verdict.EQUAL
    assert alarms <= 3
    assert equals > 0


def test_effect_and_null_of_identical_layouts_have_the_same_spread() -> None:
    generator = random.Random(6)
    blocks = [make_block(make_case(), 0, factor=1.0, generator=generator, placement_sd=0.03) for _ in range(2000)]
    found = series_of(blocks)
    spread = [math.sqrt(sum(value**2 for value in values) / len(values)) for values in (found.effects, found.nulls)]
    assert spread[0] / spread[1] == pytest.approx(1, abs=0.06)
