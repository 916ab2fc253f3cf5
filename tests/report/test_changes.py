"""Before and after, on whole sessions with a known truth."""

import json
import math
import random
import re

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.base.errors import InputError
from profiler.judge.change_records import Changes, Movement, SpeedupMovement, VerdictChange
from profiler.judge.changes import make_changes
from profiler.judge.records import Verdict
from profiler.judge.shifts import Doubt
from profiler.machine.records import Conditions, Fact
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.workload import Workload
from profiler.report.change_formats import ChangeFormat, render_changes
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.schemas import format_schema
from profiler.session.file import parse_session
from profiler.session.records import ArmSet, Case, ConditionsRecord, Control, Header, Session, arm_times
from tests.report.test_hostile_sessions import LINES, STRANGE, places
from tests.sessions import WORKLOAD, make_case, make_session

ONE, EIGHT, ORT = make_case(1), make_case(8), make_case(1, "onnxruntime")
SAME = {ONE: 1.0, EIGHT: 1.25}
HOSTILE = "<script>|`*\x1b[31m\u202e" + "x" * 200
CANARY_S = 3e-5


def measured(
    factors: dict[Case, float], *, seed: int, slower: float = 1.0, canary: float = 1.0, **state: object
) -> Session:
    """A session in which every call takes `slower` times as long, and the canary `canary` times."""
    session = make_session(factors, seed=seed)
    generator = random.Random(seed)
    steady: Conditions = msgspec.structs.replace(Conditions(at_s=0.0, utc="x"), **state)
    canaries = [CANARY_S * canary * generator.lognormvariate(0, 0.002) for _ in range(11)]
    conditions = tuple(
        ConditionsRecord(pass_index=at, conditions=msgspec.structs.replace(steady, at_s=float(at), canary_s=canary_s))
        for at, canary_s in enumerate(canaries)
    )
    blocks = tuple(
        msgspec.structs.replace(block, sets=tuple(scaled(arm_set, slower) for arm_set in block.sets))
        for block in session.blocks
    )
    return msgspec.structs.replace(session, conditions=conditions, blocks=blocks)


def scaled(arm_set: ArmSet, slower: float) -> ArmSet:
    slices = {arm: tuple(round(slower * ns) for ns in times) for arm, times in arm_set.slices_ns.items()}
    return msgspec.structs.replace(arm_set, arms=arm_times(slices))


def edited(session: Session, **change: object) -> Session:
    header: Header = msgspec.structs.replace(session.header, **change)
    return msgspec.structs.replace(session, header=header)


def changes_between(old: Session, new: Session) -> Changes:
    return make_changes(old, new, margin=0.03, confidence_level=0.95)


def movements(changes: Changes) -> set[Movement]:
    return {change.movement for case in changes.cases for change in case.layouts.values()}


def cautions(changes: Changes) -> str:
    return " ".join(f"{caution.text}: {caution.next_step}." for caution in changes.cautions)


OLD = measured(SAME, seed=1)


def test_two_runs_of_the_same_are_unchanged() -> None:
    changes = changes_between(OLD, measured(SAME, seed=2))
    assert movements(changes) == {Movement.UNCHANGED}
    assert {case.speedup_movement for case in changes.cases} == {SpeedupMovement.UNCHANGED}
    assert {case.verdict_change for case in changes.cases} == {VerdictChange.SAME}
    assert changes.cautions == ()
    page = one_line(render_changes(changes, ChangeFormat.TERMINAL))
    assert page.startswith(
        "NEW is slower in none of 4 times, faster in none, unchanged within 3 % in 4 and undecided in none. "
        "The verdict changed in none of 2 cases."
    )


def test_a_slowdown_of_both_layouts_is_found_and_is_no_change_of_the_answer() -> None:
    changes = changes_between(OLD, measured(SAME, seed=2, slower=1.1))
    assert movements(changes) == {Movement.SLOWER}
    change = changes.cases[0].layouts[WeightLayout.OUT_IN]
    assert change.time_ratio is not None
    assert change.time_ratio.point == pytest.approx(1.1, rel=0.01)
    assert change.old_s is not None
    assert change.new_s == pytest.approx(change.old_s * change.time_ratio.point)
    assert {case.speedup_movement for case in changes.cases} == {SpeedupMovement.UNCHANGED}
    assert movements(changes_between(measured(SAME, seed=2, slower=1.1), OLD)) == {Movement.FASTER}


def test_a_slowdown_that_the_canary_shares_is_not_called_and_the_drift_is_said() -> None:
    changes = changes_between(OLD, measured(SAME, seed=2, slower=1.1, canary=1.1))
    assert movements(changes) == {Movement.UNDECIDED}
    assert {change.doubt for case in changes.cases for change in case.layouts.values()} == {Doubt.DRIFT}
    assert changes.drift is not None
    assert changes.drift.point == pytest.approx(1.1, rel=0.01)
    assert "the machine itself ran slower: the fixed task took +10" in cautions(changes)
    assert {case.verdict_change for case in changes.cases} == {VerdictChange.SAME}  # ratios within a pass do not drift


def test_without_a_canary_no_time_is_judged_but_the_answer_is() -> None:
    blind = msgspec.structs.replace(measured({ONE: 1.25, EIGHT: 1.25}, seed=2), conditions=())
    changes = changes_between(OLD, blind)
    assert movements(changes) == {Movement.UNDECIDED}
    assert changes.drift_floor is None
    assert changes.cases[0].verdict_change is VerdictChange.CHANGED
    assert changes.cases[0].speedup_movement is SpeedupMovement.HIGHER
    assert "Drift: unknown" in render_changes(changes, ChangeFormat.TERMINAL)


def test_a_verdict_that_flips_is_found_and_named() -> None:
    changes = changes_between(OLD, measured({ONE: 1.0, EIGHT: 0.8}, seed=2))
    (same, flipped) = changes.cases
    assert same.verdict_change is VerdictChange.SAME
    assert (flipped.old_verdict, flipped.new_verdict) == (Verdict.PAYS_OFF, Verdict.COSTS)
    assert flipped.verdict_change is VerdictChange.CHANGED
    assert flipped.speedup_movement is SpeedupMovement.LOWER
    assert flipped.layouts[WeightLayout.OUT_IN].movement is Movement.UNCHANGED
    assert flipped.layouts[WeightLayout.IN_OUT].movement is Movement.FASTER
    page = one_line(render_changes(changes, ChangeFormat.TERMINAL))
    assert "The verdict changed in 1 of 2 cases (numpy, 64x64, batch 8: pays off -> costs), in 1 of them" in page
    assert "speedup lower, 64x64 batch 8: 1.25 -> 0.80, new / old 0.64" in page
    assert "* verdict, 64x64 batch 8: pays off -> costs" in page
    assert re.search(r"64x64 8 1.00 \S+ unchanged 0.64 \S+ faster costs\*", page)


def test_swapping_old_and_new_mirrors_the_comparison() -> None:
    new = measured({ONE: 1.1, EIGHT: 0.8}, seed=2, slower=1.05, canary=1.01)
    there, back = changes_between(OLD, new), changes_between(new, OLD)
    mirrored = {Movement.SLOWER: Movement.FASTER, Movement.FASTER: Movement.SLOWER}
    assert movements(there) >= {Movement.SLOWER, Movement.FASTER}
    for case, other in zip(there.cases, back.cases, strict=True):
        assert (case.old_verdict, case.new_verdict) == (other.new_verdict, other.old_verdict)
        for layout in WeightLayout:
            one, two = case.layouts[layout], other.layouts[layout]
            assert two.movement is mirrored.get(one.movement, one.movement)
            assert one.time_ratio is not None
            assert two.time_ratio is not None
            assert two.time_ratio.low == pytest.approx(1 / one.time_ratio.high)
    assert there.drift_floor == pytest.approx(back.drift_floor)


def test_cases_of_one_session_only_are_listed_and_no_shared_case_is_an_error() -> None:
    changes = changes_between(OLD, measured({EIGHT: 1.25, ORT: 1.0}, seed=2))
    assert [case.label for case in changes.cases] == ["numpy, 64x64, batch 8"]
    assert (changes.old.only_here, changes.new.only_here) == (
        ("numpy, 64x64, batch 1",),
        ("onnxruntime, 64x64, batch 1",),
    )
    assert "only in NEW: onnxruntime, 64x64, batch 1" in render_changes(changes, ChangeFormat.TERMINAL)
    wider = Workload(name=WORKLOAD.name, layers=(LinearShape(in_features=64, out_features=128),))
    for other in (measured({ORT: 1.0}, seed=2), edited(OLD, workloads=(wider,))):
        with pytest.raises(InputError, match=r"share no case.*report sets other sessions side by side"):
            changes_between(OLD, other)


def test_controls_are_compared_with_the_same_control_alone() -> None:
    identical, plain = make_case(control=Control.IDENTICAL), make_case()
    with pytest.raises(InputError):
        changes_between(measured({plain: 1.0}, seed=1), measured({identical: 1.0}, seed=2))
    both = changes_between(measured({identical: 1.0}, seed=1), measured({identical: 1.0}, seed=2))
    assert "control: identical" in render_changes(both, ChangeFormat.TERMINAL)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (OLD, "OLD and NEW are the same session"),
        (edited(measured(SAME, seed=2), created_utc="2026-11-20T00:00:00Z"), "NEW was measured before OLD"),
        (edited(measured(SAME, seed=2), tool_version="9.9"), "layout-profiler 9.9 instead of 0.1.0"),
        (measured(SAME, seed=2, governors={"p": "powersave"}), "governor was powersave instead of unknown"),
        (measured(SAME, seed=2, throttled=4), "the firmware reported throttled instead of nothing"),
        (msgspec.structs.replace(measured(SAME, seed=2), end=None), "NEW was cut off or is being measured"),
        (msgspec.structs.replace(OLD, blocks=OLD.blocks[:6]), "2 of 2 cases have less than 5 passes"),
    ],
)
def test_what_weakens_the_comparison_is_said_with_a_next_step(new: Session, words: str) -> None:
    changes = changes_between(OLD, new)
    assert words in cautions(changes)
    assert words in one_line(render_changes(changes, ChangeFormat.TERMINAL))


def test_another_clock_is_said() -> None:
    slow, fast = (measured(SAME, seed=2, frequencies_hz={"policy0": hz}) for hz in (600_000_000, 1_500_000_000))
    assert "the clock was mostly 1500 MHz instead of 600 MHz" in cautions(changes_between(slow, fast))
    assert "the clock" not in cautions(changes_between(slow, slow))


def test_another_machine_is_said_with_what_shows_it() -> None:
    hardware = msgspec.structs.replace(OLD.header.hardware, cpu_name=Fact(value="Another", source="x"))
    changes = changes_between(OLD, edited(measured(SAME, seed=2), hardware=hardware))
    assert any("Another instead of" in fact for fact in changes.other_machine)
    assert "another machine" in cautions(changes)
    assert changes_between(OLD, measured(SAME, seed=2)).other_machine == ()


def one_line(text: str) -> str:
    return " ".join(text.split())


def hostile() -> Changes:
    board = msgspec.structs.replace(OLD.header.hardware.board, model=Fact(value=HOSTILE, source=HOSTILE))
    hardware = msgspec.structs.replace(OLD.header.hardware, board=board, software={HOSTILE: HOSTILE})
    case = make_case(1, HOSTILE)
    old, new = (measured({case: 1.0, other: 1.0}, seed=2) for other in (ONE, EIGHT))
    return changes_between(
        old, edited(new, suite=HOSTILE, created_utc=HOSTILE, tool_version=HOSTILE, hardware=hardware)
    )


def test_hostile_names_stay_text() -> None:
    for output_format in (ChangeFormat.TERMINAL, ChangeFormat.MARKDOWN):
        page = render_changes(hostile(), output_format)
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert not re.search(r"(?<!\\)<", render_changes(hostile(), ChangeFormat.MARKDOWN))


@pytest.mark.parametrize("new", [measured(SAME, seed=2), measured({ONE: 1.3, EIGHT: 0.8}, seed=2, slower=1.1)])
def test_the_terminal_fits_80_columns_and_json_is_as_published(new: Session) -> None:
    changes = changes_between(OLD, new)
    assert max(map(len, render_changes(changes, ChangeFormat.TERMINAL).splitlines())) <= 80
    document = json.loads(render_changes(changes, ChangeFormat.JSON))
    jsonschema.validate(document, json.loads(format_schema("changes")))
    ratio = changes.cases[0].layouts[WeightLayout.IN_OUT].time_ratio
    assert ratio is not None
    assert document["cases"][0]["layouts"]["in_out"]["time_ratio"]["point"] == ratio.point
    assert math.isfinite(ratio.high)


@pytest.mark.parametrize("output_format", ChangeFormat)
def test_sessions_without_any_block_are_still_a_comparison(output_format: ChangeFormat) -> None:
    empty = msgspec.structs.replace(OLD, blocks=(), conditions=(), end=None)
    assert render_changes(changes_between(empty, empty), output_format)
    assert render_changes(changes_between(OLD, empty), output_format)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_hand_edited_session_is_refused_or_compared(data: st.DataObject) -> None:
    lines = json.loads(json.dumps(LINES))
    number = data.draw(st.sampled_from([0, 0, 1, 1, 2, len(lines) - 1]))
    container, key = data.draw(st.sampled_from(places(lines[number])))
    container[key] = data.draw(STRANGE)
    try:
        edited_by_hand = parse_session(b"".join(json.dumps(line).encode() + b"\n" for line in lines), source="x")
        found = (changes_between(OLD, edited_by_hand), changes_between(edited_by_hand, OLD))
    except InputError:
        return
    for changes in found:
        assert all(render_changes(changes, output_format) for output_format in ChangeFormat)
    side_by_side = make_report((OLD, edited_by_hand))
    assert all(render(side_by_side, output_format) for output_format in (Format.TERMINAL, Format.MARKDOWN, Format.JSON))
