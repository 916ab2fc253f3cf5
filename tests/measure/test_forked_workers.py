"""Runs whose workers are forked from one process that has imported the runtime."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from profiler.session.records import Block, EndReason, Stage
from tests.runs import Recorder, execute, options


def test_a_forked_run_measures_the_same_blocks_and_imports_a_runtime_once(exported: Path, tmp_path: Path) -> None:
    recorder = Recorder()
    end, session = execute(
        exported, tmp_path / "s.jsonl", options("numpy", "onnxruntime", passes=3, forked=True), recorder=recorder
    )
    assert end.reason is EndReason.COMPLETE
    assert not session.failures
    assert len(session.blocks) == 3 * 2 * 4
    assert len({(block.case, block.pass_index) for block in session.blocks}) == len(session.blocks)
    for runtime in ("numpy", "onnxruntime"):
        starts = [start.start_s for start in session.starts if start.runtime == runtime]
        assert len(starts) == 3
    assert not psutil.Process().children(recursive=True)


def test_every_pass_of_a_forked_run_is_another_process(exported: Path, tmp_path: Path) -> None:
    seen: dict[int, set[int]] = {}

    def note(block: Block) -> None:
        (nursery,) = psutil.Process().children()
        seen.setdefault(block.pass_index, set()).update(child.pid for child in nursery.children())

    execute(exported, tmp_path / "s.jsonl", options("numpy", passes=3, forked=True), recorder=Recorder(note))
    assert [len(pids) for pids in seen.values()] == [1, 1, 1]
    assert len(set.union(*seen.values())) == 3


@pytest.mark.parametrize("strikes_nursery", [False, True])
def test_a_killed_worker_or_nursery_costs_one_block(exported: Path, tmp_path: Path, *, strikes_nursery: bool) -> None:
    killed: list[int] = []

    def kill_one(_block: Block) -> None:
        if not killed:
            (nursery,) = psutil.Process().children()
            victim = nursery if strikes_nursery else nursery.children()[0]
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

    recorder = Recorder(kill_one)
    end, session = execute(exported, tmp_path / "s.jsonl", options("numpy", passes=3, forked=True), recorder=recorder)
    assert killed
    (failure,) = session.failures
    assert (failure.signal, failure.stage) == (signal.SIGKILL, Stage.MEASURE)
    assert end.reason is EndReason.COMPLETE
    assert len(session.blocks) == 3 * 4 - 1
    assert not psutil.Process().children(recursive=True)


def test_a_forked_run_that_is_stopped_leaves_no_process(exported: Path, tmp_path: Path) -> None:
    def stop(_block: Block) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    end, session = execute(
        exported, tmp_path / "s.jsonl", options("numpy", passes=3, forked=True), recorder=Recorder(stop)
    )
    assert end.reason is EndReason.INTERRUPTED
    assert len(session.blocks) == 1
    assert not psutil.Process().children(recursive=True)
