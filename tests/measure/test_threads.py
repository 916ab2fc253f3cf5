"""Threads as a dimension of a case: every number has workers of its own."""

import os
from pathlib import Path

import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.commands.measuring import choose_threads
from profiler.measure.passes import failed_cases
from profiler.measure.plan import make_plan
from profiler.report.case_text import group_title
from profiler.report.document import make_report
from profiler.session.records import Failure, Stage, Team
from tests.runs import execute, options


def test_every_case_is_measured_with_every_number_of_threads_in_workers_of_its_own(
    exported: Path, tmp_path: Path
) -> None:
    chosen = options("numpy", passes=2, threads=(1, 2))
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    cases = session.header.cases
    assert {case.threads for case in cases} == {1, 2}
    assert len({case.id for case in cases}) == len(cases)
    assert sorted((block.case, block.pass_index) for block in session.blocks) == sorted(
        (case.id, index) for case in cases for index in range(2)
    )
    assert sorted((start.team, start.pass_index) for start in session.starts) == [
        (Team("numpy", threads), index) for threads in (1, 2) for index in range(2)
    ]
    titles = {group_title(row.case) for row in make_report((session,)).sessions[0].rows}
    assert {title.partition("float32, ")[2] for title in titles} == {
        "1 thread, warm weights",
        "2 threads, warm weights",
    }


def test_a_worker_that_cannot_start_strikes_the_cases_of_its_threads_alone(exported: Path, tmp_path: Path) -> None:
    plan = make_plan(open_bundle(exported).manifest, options("numpy", threads=(1, 2)))
    failure = Failure(
        runtime="numpy", threads=2, case=None, stage=Stage.START, pass_index=0, signal=9, exit_status=None, message="x"
    )
    assert failed_cases(failure, plan) == [planned.case.id for planned in plan.cases if planned.case.threads == 2]
    assert failure.subject == "numpy, 2 threads"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell which CPUs may be used")
def test_all_threads_double_up_to_the_cpus_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, expected in ((1, (1,)), (2, (1, 2)), (4, (1, 2, 4)), (6, (1, 2, 4, 6)), (64, (1, 2, 4, 8, 16, 32, 64))):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cpus=cpus: set(range(cpus)))
        assert choose_threads("all", ()) == expected
    assert choose_threads("all", (2, 3, 3)) == (1, 2)
    assert choose_threads((3,), ()) == (3,)
