"""What a run tells while it goes on, with invented times."""

import random
import signal
from pathlib import Path

import psutil
import pytest

from profiler.judge.rows import compare_session
from profiler.judge.statistics import expm1, ratio_of
from profiler.measure.tally import Tally
from profiler.session.records import Block, Disturbance
from tests.runs import PASSES, Recorder, Script, execute, options
from tests.sessions import make_block, make_case, make_header

CASES = 4


def test_every_block_comes_with_the_standing_of_its_case(exported: Path, tmp_path: Path, script: Script) -> None:
    """At the look it is what the report says; before two passes there is no interval."""
    script(in_out_factor=1.1, call_sd=0.01, placement_sd=0.01)
    recorder = Recorder()
    _, session = execute(exported, tmp_path / "s.jsonl", options(), recorder=recorder)
    assert [told.case for told in recorder.standings] == [block.case for block in session.blocks]
    for comparison in compare_session(session):
        told = [standing for standing in recorder.standings if standing.case == comparison.case.id]
        assert [standing.passes for standing in told] == list(range(1, PASSES + 1))
        assert told[0].effect is None
        assert all(standing.effect is not None for standing in told[1:])
        assert ratio_of(told[-1].effect) == comparison.speedup
        assert told[-1].noise_floor is not None
        assert expm1(told[-1].noise_floor) == comparison.noise_floor


def test_the_machine_is_told_before_every_pass_after_every_block_and_at_the_end(
    exported: Path, tmp_path: Path, script: Script
) -> None:
    script()
    recorder = Recorder()
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=2), recorder=recorder)
    kept = [record.conditions for record in session.conditions]
    told = recorder.states
    assert [told[0], told[1 + CASES], told[-1]] == kept
    assert len(told) == 2 * (1 + CASES) + 1
    assert [state.at_s for state in told] == sorted(state.at_s for state in told)


def test_a_plan_names_the_open_cases(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.2, call_sd=0.01)
    recorder = Recorder()
    execute(exported, tmp_path / "s.jsonl", options(looks=(8, 12)), recorder=recorder)
    assert recorder.planned_open == [CASES, 0]


def test_a_case_that_is_given_up_leaves_the_plan(exported: Path, tmp_path: Path, script: Script) -> None:
    """Whoever works after the first block of a pass is killed, so that some case fails twice."""
    script()

    def kill(_: Block) -> None:
        (worker,) = psutil.Process().children()
        worker.send_signal(signal.SIGKILL)

    recorder = Recorder(kill)
    execute(exported, tmp_path / "s.jsonl", options(passes=3), recorder=recorder)
    assert recorder.planned_open[0] == CASES
    assert recorder.planned_open[-1] < CASES
    blocks = [blocks for blocks, _ in recorder.plans]
    assert blocks == sorted(blocks, reverse=True)
    assert blocks[-1] < blocks[0]


@pytest.mark.parametrize("passes", [3, 4, 5, 8])
def test_a_standing_has_the_interval_of_the_look_to_come(passes: int) -> None:
    """Of two looks each has half of the error, so that its interval is wider than that of a single one."""
    case = make_case()
    generator = random.Random(1)
    blocks = [make_block(case, at, factor=1.1, generator=generator) for at in range(passes)]
    tallies = [Tally([case], make_header((case,), looks).options) for looks in ((4, 8), (4,), (8,))]
    for tally in tallies:
        for block in blocks:
            tally.add_block(block)
    two_looks, *one_look = (tally.standing(case.id).effect for tally in tallies)
    assert two_looks is not None
    for other in one_look:
        assert other is not None
        assert other.point == two_looks.point
        assert other.high - other.low < two_looks.high - two_looks.low


def test_a_disturbed_block_does_not_move_a_standing() -> None:
    case = make_case()
    generator = random.Random(1)
    tally = Tally([case], make_header((case,), (8,)).options)
    for at in range(4):
        tally.add_block(make_block(case, at, factor=1.1, generator=generator))
    before = tally.standing(case.id)
    tally.add_block(make_block(case, 4, factor=9.0, generator=generator, disturbed_by=(Disturbance.CANARY,)))
    assert tally.standing(case.id) == before
