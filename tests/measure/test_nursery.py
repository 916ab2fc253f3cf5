"""Workers forked from a process that has imported the runtime once."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from profiler.judge.records import Verdict
from profiler.judge.rows import compare_session
from profiler.measure.nursery import REGIONS, go_deeper, scatter
from profiler.session.arms import ARMS
from profiler.session.records import Block, EndReason, Stage
from tests.runs import Recorder, Script, ended_after, execute, options


@pytest.mark.parametrize("runtime", ["onnxruntime", "onnxruntime-unpacked", "torchscript", "numpy"])
def test_forked_workers_measure_what_fresh_ones_do(exported: Path, tmp_path: Path, runtime: str) -> None:
    chosen = options(runtime, passes=3, cost_passes=1, forked=True)
    end, session = execute(exported, tmp_path / "s.jsonl", chosen)
    assert end.reason is EndReason.COMPLETE
    assert not session.failures
    assert len(session.checks) == 4
    assert len(session.blocks) == 3 * 4
    assert len(session.costs) == 4
    assert len(session.starts) == 3
    assert psutil.Process().children() == []


def test_every_pass_has_a_process_of_its_own(exported: Path, tmp_path: Path, script: Script) -> None:
    """A script draws its process factor once per import: forked workers share it, and nothing else."""
    script(in_out_factor=1.2, placement_sd=0.02, call_sd=0.002)
    seen: set[int] = set()

    def note(_: Block) -> None:
        seen.update(worker.pid for nursery in psutil.Process().children() for worker in nursery.children())

    chosen = options(looks=(8,), forked=True)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen, recorder=Recorder(note))
    assert len(seen) == 8
    first = [block.sets[0].slices_ns[ARMS[0]][0] / block.sets[0].calls for block in session.blocks]
    assert len({round(time) for time in first}) > 16  # placements are drawn anew in every one
    assert {comparison.verdict for comparison in compare_session(session)} == {Verdict.PAYS_OFF}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize("which", ["worker", "nursery"])
def test_a_forked_worker_or_its_nursery_killed_costs_one_block(
    exported: Path, tmp_path: Path, number: signal.Signals, which: str
) -> None:
    killed: list[int] = []

    def kill_one(_: Block) -> None:
        if not killed:
            (nursery,) = psutil.Process().children()
            (worker,) = nursery.children()
            victim = worker if which == "worker" else nursery
            killed.append(victim.pid)
            victim.send_signal(number)

    chosen = options("numpy", passes=3, forked=True)
    end, session = execute(exported, tmp_path / "s.jsonl", chosen, recorder=Recorder(kill_one))
    (failure,) = session.failures
    assert (failure.signal, failure.stage, failure.pass_index) == (number, Stage.MEASURE, 0)
    assert len(session.blocks) == 3 * 4 - 1
    assert end.reason is EndReason.COMPLETE
    assert psutil.Process().children() == []


def test_ending_a_run_of_forked_workers_leaves_none_behind(exported: Path, tmp_path: Path, script: Script) -> None:
    script(load_s=0.002)
    path = tmp_path / "s.jsonl"
    chosen = options(forked=True)
    end, _ = execute(exported, path, chosen, recorder=ended_after(5))
    assert end.reason is EndReason.INTERRUPTED
    assert psutil.Process().children() == []
    _, session = execute(exported, path, chosen, resume=True)
    assert len({(block.case, block.pass_index) for block in session.blocks}) == len(session.blocks) == 6 * 4


def test_a_case_that_kills_its_forked_worker_is_left_out(exported: Path, tmp_path: Path, script: Script) -> None:
    script(die_on="iris", signal=signal.SIGILL)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=2, forked=True))
    assert {(failure.stage, failure.signal) for failure in session.failures} == {(Stage.CHECK, signal.SIGILL)}
    assert len(session.failures) == 2
    assert len(session.blocks) == 2 * 2


def in_a_fork(act: Callable[[], int]) -> int:
    """What `act` gives in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(act()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        found = int(answer.read())
    os.waitpid(child, 0)
    return found


@pytest.mark.parametrize("size", [40_000, 1 << 20])
def test_what_is_loaded_after_scattering_lands_elsewhere_in_every_fork(size: int) -> None:
    """Without it every fork of one process would put its weights into the very same place."""

    def address(is_scattered: bool) -> int:
        kept = scatter(random.Random()) if is_scattered else []
        array = np.ones(size, np.uint8)
        assert len(kept) in (0, REGIONS - REGIONS // 2)
        return int(array.__array_interface__["data"][0])

    plain = {in_a_fork(lambda: address(is_scattered=False)) for _ in range(8)}
    scattered = {in_a_fork(lambda: address(is_scattered=True)) for _ in range(24)}
    assert len(plain) == 1
    assert len(scattered) > 4


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_going_deeper_acts_and_tells_whether_it_went_well() -> None:
    seen: list[int] = []
    assert go_deeper(1234, lambda: seen.append(1))
    assert seen == [1]

    def fail() -> None:
        raise RuntimeError

    assert not go_deeper(1, fail)
