"""Whole runs with invented times: who leaves when, what is repeated, which controls find what."""

import math
import random
from collections import Counter
from pathlib import Path

import pytest

from profiler.judge.records import Verdict
from profiler.judge.rows import compare_session
from profiler.measure.passes import MAX_ATTEMPTS
from profiler.measure.tally import FEW_BLOCKS
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.session.arms import ARMS
from profiler.session.records import Control, Disturbance, EndReason, Session, Weights
from tests.conftest import edit_manifest
from tests.runs import Recorder, Script, ended_after, execute, options

CASES = 4


def passes_of(session: Session) -> dict[str, int]:
    """How many passes each case has a block of."""
    return Counter(case for case, _ in {(block.case, block.pass_index) for block in session.blocks})


def verdicts(session: Session) -> dict[str, Verdict]:
    return {comparison.case.id: comparison.verdict for comparison in compare_session(session)}


# ---------------------------------------------------------------- looks


def test_cases_leave_the_run_at_the_look_that_decides_them(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.2, call_sd=0.01)
    recorder = Recorder()
    chosen = options(looks=(8, 12, 16))
    end, session = execute(exported, tmp_path / "s.jsonl", chosen, recorder=recorder)
    assert end.reason is EndReason.COMPLETE
    assert len(session.blocks) == 8 * CASES < chosen.passes * CASES
    assert passes_of(session) == {case.id: 8 for case in session.header.cases}
    assert recorder.verdicts == verdicts(session) == dict.fromkeys(passes_of(session), Verdict.PAYS_OFF)
    assert recorder.open_cases == [0]
    assert recorder.plans == [(16 * CASES, 0), (8 * CASES, 8 * CASES)]
    assert [(record.pass_index, record.is_end) for record in session.conditions] == [
        *((at, False) for at in range(8)), (7, True),
    ]  # fmt: skip


def test_open_cases_go_on_alone(exported: Path, tmp_path: Path, script: Script) -> None:
    """Noise that the null shows too decides nothing: these cases get every pass."""
    script(call_sd=0.01, placement_sd=0.1)
    recorder = Recorder()
    _, session = execute(exported, tmp_path / "s.jsonl", options(looks=(8, 10)), recorder=recorder)
    assert passes_of(session) == {case.id: 10 for case in session.header.cases}
    assert set(verdicts(session).values()) == {Verdict.UNDECIDED}
    assert recorder.verdicts == {}
    assert recorder.plans[-1] == (10 * CASES, 0)


def test_a_case_decided_sooner_leaves_the_others_their_passes(exported: Path, tmp_path: Path, script: Script) -> None:
    """With noise in between, cases are decided at different looks; each has the passes of its own."""
    script(in_out_factor=1.12, placement_sd=0.06, call_sd=0.005)
    looks = (6, 10, 14, 18, 24, 40)
    recorder = Recorder()
    _, session = execute(exported, tmp_path / "s.jsonl", options(looks=looks), recorder=recorder)
    found = passes_of(session)
    assert set(found.values()) <= set(looks)
    assert len(session.blocks) == sum(found.values())
    for case, verdict in recorder.verdicts.items():
        assert verdicts(session)[case] is verdict
    assert recorder.open_cases == sorted(recorder.open_cases, reverse=True)


def test_a_report_never_contradicts_its_run(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.05, placement_sd=0.02, call_sd=0.005)
    recorder = Recorder()
    _, session = execute(exported, tmp_path / "s.jsonl", options(looks=(8, 12, 16, 20)), recorder=recorder)
    report = verdicts(session)
    assert {case: report[case] for case in recorder.verdicts} == recorder.verdicts


# ---------------------------------------------------------------- resuming


@pytest.mark.parametrize("stops", [(1,), (5, 6), (9, 20, 31)])
def test_a_resumed_run_measures_the_same_passes_as_one_that_was_never_ended(
    exported: Path, tmp_path: Path, script: Script, stops: tuple[int, ...]
) -> None:
    """Effects far from the margin: every case is decided at the first look, whatever noise the passes draw."""
    script(in_out_factor=1.5, call_sd=0.005)
    chosen = options(looks=(8, 16), sets=2, cost_passes=2)
    _, whole = execute(exported, tmp_path / "whole.jsonl", chosen)
    path = tmp_path / "s.jsonl"
    done = 0
    for stop in stops:
        recorder = ended_after(stop - done)
        end, session = execute(exported, path, chosen, recorder=recorder, resume=done > 0)
        assert end.reason is EndReason.INTERRUPTED
        assert len(session.blocks) == stop
        done = stop
    end, session = execute(exported, path, chosen, resume=True)
    assert end.reason is EndReason.COMPLETE
    assert len(session.resumes) == len(stops)
    assert [record.invocation for record in session.conditions if record.is_end] == list(range(len(stops) + 1))
    assert [record.invocation for record in session.conditions] == sorted(
        record.invocation for record in session.conditions
    )
    for found, wanted in ((session.blocks, whole.blocks), (session.costs, whole.costs)):
        measured = [(record.case, record.pass_index) for record in found]
        assert len(measured) == len(set(measured))
        assert sorted(measured) == sorted((record.case, record.pass_index) for record in wanted)
    assert [len(block.sets) for block in session.blocks] == [2] * len(session.blocks)
    assert verdicts(session) == verdicts(whole)


def test_a_cut_session_goes_on_wherever_it_was_cut(exported: Path, tmp_path: Path, script: Script) -> None:
    """Between any two lines, or within one, as a power loss leaves it."""
    script(in_out_factor=1.5, call_sd=0.005)
    chosen = options(looks=(5, 7), cost_passes=1)
    path = tmp_path / "s.jsonl"
    _, whole = execute(exported, path, chosen)
    data = path.read_bytes()
    header = data.index(b"\n") + 1
    generator = random.Random(3)
    for _ in range(6):
        path.write_bytes(data[: generator.randrange(header, len(data))])
        _, session = execute(exported, path, chosen, resume=True)
        assert passes_of(session) == passes_of(whole) == {case.id: 5 for case in whole.header.cases}
        assert len(session.blocks) == len(whole.blocks)
        assert len(session.costs) == len(whole.costs)


def test_a_run_whose_cases_are_all_decided_is_whole(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.5)
    path = tmp_path / "s.jsonl"
    chosen = options(looks=(8, 100))
    execute(exported, path, chosen)
    before = path.read_bytes()
    recorder = Recorder()
    end, _ = execute(exported, path, chosen, recorder=recorder, resume=True)
    assert end.reason is EndReason.COMPLETE
    assert recorder.blocks == 0
    assert path.read_bytes() == before


# ---------------------------------------------------------------- disturbances


def test_disturbed_blocks_are_marked_kept_and_measured_again(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.2, call_sd=0.005, disturbed=0.25)
    _, session = execute(exported, tmp_path / "s.jsonl", options(looks=(12,), repeat_share=1.0))
    marked = [block for block in session.blocks if block.disturbed_by]
    repeats = [block for block in session.blocks if block.attempt]
    assert marked
    assert {mark for block in marked for mark in block.disturbed_by} == {Disturbance.SWAP}
    assert len(session.blocks) == 12 * CASES + len(repeats)
    repeated = {(b.case, b.pass_index) for b in repeats}
    assert repeated <= {(b.case, b.pass_index) for b in marked if not b.attempt}
    assert len(repeated) == len(repeats) > 0
    assert {block.attempt for block in repeats} == {1} == {MAX_ATTEMPTS - 1}
    quiet = {(b.case, b.pass_index) for b in session.blocks if not b.disturbed_by}
    for comparison in compare_session(session):
        assert comparison.passes == len([key for key in quiet if key[0] == comparison.case.id])
        assert comparison.disturbed_passes == 0


def test_quiet_blocks_are_not_repeated(exported: Path, tmp_path: Path) -> None:
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=5, repeat_share=1.0))
    assert {(block.attempt, block.disturbed_by) for block in session.blocks} == {(0, ())}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25])
def test_no_more_than_a_share_of_the_blocks_is_repeated(
    exported: Path, tmp_path: Path, script: Script, share: float
) -> None:
    script(in_out_factor=1.2, call_sd=0.005, disturbed=0.4)
    _, session = execute(exported, tmp_path / "s.jsonl", options(looks=(12,), repeat_share=share))
    repeats = sum(block.attempt > 0 for block in session.blocks)
    assert repeats <= math.ceil(share * max(FEW_BLOCKS, len(session.blocks)))
    assert (repeats > 0) is (share > 0)
    assert len(session.blocks) == 12 * CASES + repeats


def test_a_share_is_kept_even_in_a_pass_of_many_cases(exported: Path, tmp_path: Path, script: Script) -> None:
    """Repeats wait for the end of their pass: those that wait count as well."""
    script(disturbed=0.4)
    chosen = options(looks=(2,), repeat_share=0.1, controls=(Control.IDENTICAL,), copies=10)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    repeats = sum(block.attempt > 0 for block in session.blocks)
    assert len(session.blocks) == 2 * 10 * CASES + repeats
    assert repeats <= 0.1 * len(session.blocks) + 1


def test_where_everything_is_disturbed_all_counts_and_next_to_nothing_is_repeated(
    exported: Path, tmp_path: Path, script: Script
) -> None:
    """This is how the machine is: another attempt would be disturbed as well."""
    script(in_out_factor=1.2, call_sd=0.005, disturbed=1.0)
    _, session = execute(exported, tmp_path / "s.jsonl", options(looks=(12,), repeat_share=1.0))
    assert len(session.blocks) - 12 * CASES <= CASES
    for comparison in compare_session(session):
        assert comparison.passes == comparison.disturbed_passes == 12
        assert comparison.verdict is Verdict.PAYS_OFF


def test_a_resumed_run_remembers_how_much_it_repeated(exported: Path, tmp_path: Path, script: Script) -> None:
    script(disturbed=0.4)
    path = tmp_path / "s.jsonl"
    chosen = options(looks=(10,), repeat_share=0.1)
    execute(exported, path, chosen, recorder=ended_after(25))
    _, session = execute(exported, path, chosen, resume=True)
    repeats = sum(block.attempt > 0 for block in session.blocks)
    assert 0 < repeats <= math.ceil(0.1 * len(session.blocks)) + 1


# ---------------------------------------------------------------- controls


def test_a_control_that_is_slower_pays_off_by_just_that_much(exported: Path, tmp_path: Path, script: Script) -> None:
    """All arms load the [out, in] file: what the layouts cost (a factor of 3 here) must not show."""
    script(in_out_factor=3.0, call_sd=0.01, placement_sd=0.003)
    chosen = options(looks=(8,), controls=(Control.SLOWER,), slowdown_percent=8)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    assert all(case.id.endswith("/slower") for case in session.header.cases)
    for comparison in compare_session(session):
        assert comparison.verdict is Verdict.PAYS_OFF
        assert comparison.speedup is not None
        assert math.log(comparison.speedup.point) == pytest.approx(math.log(1.08), abs=0.01)


def test_a_slowdown_below_the_margin_is_no_difference(exported: Path, tmp_path: Path, script: Script) -> None:
    script(call_sd=0.005)
    chosen = options(looks=(8,), controls=(Control.SLOWER,), slowdown_percent=1)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    assert set(verdicts(session).values()) == {Verdict.EQUAL}


def test_controls_are_copied_and_cases_are_not(exported: Path, tmp_path: Path, script: Script) -> None:
    script(call_sd=0.005, in_out_factor=1.2)
    controls = (Control.NONE, Control.IDENTICAL, Control.SLOWER)
    chosen = options(looks=(8,), controls=controls, copies=3, slowdown_percent=10)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    found = Counter((case.control, case.copy) for case in session.header.cases)
    wanted = {(Control.NONE, 0): CASES}
    wanted |= {(control, copy): CASES for control in controls[1:] for copy in range(3)}
    assert found == wanted
    assert len({case.id for case in session.header.cases}) == len(session.header.cases) == 7 * CASES
    by_control: dict[Control, set[Verdict]] = {control: set() for control in controls}
    for comparison in compare_session(session):
        by_control[comparison.case.control].add(comparison.verdict)
    assert by_control == {
        Control.NONE: {Verdict.PAYS_OFF}, Control.IDENTICAL: {Verdict.EQUAL}, Control.SLOWER: {Verdict.PAYS_OFF},
    }  # fmt: skip


# ---------------------------------------------------------------- cold weights


def test_cold_and_warm_weights_are_cases_of_their_own(exported: Path, tmp_path: Path) -> None:
    chosen = options("numpy", passes=2, weights=(Weights.WARM, Weights.COLD), eviction_bytes=1 << 24, slice_s=1e-4)
    end, session = execute(exported, tmp_path / "s.jsonl", chosen)
    assert end.reason is EndReason.COMPLETE
    assert not session.failures
    assert Counter(case.weights for case in session.header.cases) == {Weights.WARM: CASES, Weights.COLD: CASES}
    assert len(session.blocks) == 2 * 2 * CASES
    cold = {case.id for case in session.header.cases if case.weights is Weights.COLD}
    for block in session.blocks:
        if block.case in cold:  # an eviction here lasts longer than a whole slice
            assert block.sets[0].calls == 1


def test_invented_evictions_take_no_invented_time(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.2, base_ns=50_000)
    chosen = options(looks=(5,), weights=(Weights.COLD,), eviction_bytes=1024, slice_s=1e-3)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    for comparison in compare_session(session):
        assert comparison.speedup is not None
        assert math.log(comparison.speedup.point) == pytest.approx(math.log(1.2))


# ---------------------------------------------------------------- sets


def test_two_sets_load_the_arms_twice(exported: Path, tmp_path: Path, script: Script) -> None:
    """The second set's arms lie elsewhere: another draw of their placement, none of the process."""
    script(placement_sd=0.1)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=3, sets=2))
    assert len(session.blocks) == 3 * CASES
    for block in session.blocks:
        first, second = block.sets
        for arm_set in block.sets:
            assert set(arm_set.slices_ns) == set(ARMS)
            assert {len(times) for times in arm_set.slices_ns.values()} == {3}
        assert first.slices_ns[ARMS[0]][0] / first.calls != second.slices_ns[ARMS[0]][0] / second.calls


def test_a_pilot_chooses_sets_where_nobody_else_does(exported: Path, tmp_path: Path, script: Script) -> None:
    """One set to see what a block takes, two for three passes, then what the variances say: placement is all here."""
    script(placement_sd=0.1)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=6, sets=None, rounds=5))
    sets = [{len(block.sets) for block in session.blocks if block.pass_index == at} for at in range(6)]
    assert sets[:4] == [{1}, {2}, {2}, {2}]
    assert all(len(found) == 1 for found in sets)
    assert 1 <= min(sets[5]) <= 4


def test_what_the_workers_took_to_start_is_kept(exported: Path, tmp_path: Path) -> None:
    _, session = execute(exported, tmp_path / "s.jsonl", options("scripted", "numpy", passes=2))
    assert sorted((start.runtime, start.pass_index) for start in session.starts) == [
        ("numpy", 0), ("numpy", 1), ("scripted", 0), ("scripted", 1),
    ]  # fmt: skip
    assert all(0 < start.start_s < 60 for start in session.starts)


# ---------------------------------------------------------------- overhead


def test_a_known_overhead_is_found_and_taken_off(exported: Path, tmp_path: Path, script: Script) -> None:
    """60 us of 100 us and of 120 us: what is left takes 1.5 times as long."""
    script(base_ns=100_000, in_out_factor=1.2, identity_ns=60_000)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=5, slice_s=1e-3))
    for comparison in compare_session(session):
        assert comparison.overhead is not None
        assert comparison.overhead.is_bound
        assert comparison.overhead.share == pytest.approx(0.6, rel=0.01)
        assert comparison.overhead.speedup is not None
        assert comparison.overhead.speedup.point == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("runtime", ["onnxruntime", "torchscript", "numpy"])
def test_real_runtimes_have_an_overhead(exported: Path, tmp_path: Path, runtime: str) -> None:
    _, session = execute(exported, tmp_path / "s.jsonl", options(runtime, passes=2))
    for comparison in compare_session(session):
        assert comparison.overhead is not None
        assert 0 < comparison.overhead.share <= 1


def test_a_bundle_without_identity_models_runs_and_shows_no_overhead(bundle: Path, tmp_path: Path) -> None:
    """Arrays need no file for theirs."""

    def lose(manifest: dict[str, object]) -> None:
        manifest["identities"] = []

    edit_manifest(bundle, lose)
    _, session = execute(bundle, tmp_path / "s.jsonl", options("onnxruntime", "numpy", passes=2, cost_passes=1))
    assert not session.failures
    assert len(session.blocks) == 2 * 2 * CASES
    shown = {comparison.case.runtime: comparison.overhead is not None for comparison in compare_session(session)}
    assert shown == {"onnxruntime": False, "numpy": True}
    for output_format in Format:
        assert render(make_report((session,)), output_format)
