"""Whole runs: real workers, real files; the invented times of the scripted runtime where logic is tested."""

import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from profiler.base.errors import OptionError, OutputError, RunInterruptedError, SessionError
from profiler.base.signals import describe_signal
from profiler.judge.records import Verdict
from profiler.judge.rows import compare_session
from profiler.models.layout import WeightLayout
from profiler.runtimes.scripted import VARIABLE
from profiler.session.arms import ARMS
from profiler.session.file import SessionWriter, load_session
from profiler.session.records import Block, Control, EndReason, ExecutedLayout, Stage
from tests.runs import PASSES, Recorder, Script, ended_after, execute, options


def test_real_runtimes_measure_every_case_once_a_pass(exported: Path, tmp_path: Path) -> None:
    runtimes = ("onnxruntime", "onnxruntime-unpacked", "torchscript", "numpy")
    end, session = execute(exported, tmp_path / "s.jsonl", options(*runtimes, passes=2))
    assert end.reason is EndReason.COMPLETE
    assert len(session.header.cases) == 4 * 4
    assert len(session.checks) == 16
    assert len(session.blocks) == 32
    assert not session.failures
    assert [(record.pass_index, record.is_end) for record in session.conditions] == [(0, False), (1, False), (1, True)]
    for block in session.blocks:
        (arm_set,) = block.sets
        assert set(arm_set.slices_ns) == set(ARMS)
        assert {len(times) for times in arm_set.slices_ns.values()} == {3}
        assert len(arm_set.identity_ns) == 3
        assert block.noise is not None
    for check in session.checks:
        assert all(arm.max_error <= arm.tolerance for arm in check.arms)


def test_a_known_ratio_comes_out_as_such(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.2, call_sd=0.01, placement_sd=0.01, pass_sd=0.1)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=10))
    for comparison in compare_session(session):
        assert comparison.verdict is Verdict.PAYS_OFF
        assert comparison.speedup is not None
        assert abs(math.log(comparison.speedup.point) - math.log(1.2)) < 0.03  # ten standard errors of the noise above


def test_the_identical_control_never_sees_the_difference(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.5, call_sd=0.01, placement_sd=0.005)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=8, controls=(Control.IDENTICAL,)))
    assert {comparison.verdict for comparison in compare_session(session)} <= {Verdict.EQUAL, Verdict.UNDECIDED}
    assert all(case.id.endswith("/identical") for case in session.header.cases)


def test_passes_shuffle_the_cases(exported: Path, tmp_path: Path) -> None:
    _, session = execute(exported, tmp_path / "s.jsonl", options("scripted", passes=8))
    orders = {tuple(b.case for b in session.blocks if b.pass_index == index) for index in range(8)}
    assert len(orders) > 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGILL])
def test_a_worker_that_dies_while_checking_is_a_failure_with_case_and_signal(
    exported: Path, tmp_path: Path, script: Script, number: signal.Signals
) -> None:
    script(die_on="iris", signal=number)
    recorder = Recorder()
    end, session = execute(exported, tmp_path / "s.jsonl", options(passes=2), recorder=recorder)
    assert end.reason is EndReason.COMPLETE
    assert {(f.stage, f.signal) for f in session.failures} == {(Stage.CHECK, number)}
    assert len(session.failures) == 2
    assert all(f.case is not None and "/iris/" in f.case and number.name in f.message for f in session.failures)
    assert {block.case.split("/")[2] for block in session.blocks} == {"linear-24x40"}
    assert len(session.blocks) == 2 * 2
    assert recorder.failures == list(session.failures)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGILL])
@pytest.mark.parametrize("runtime", ["onnxruntime", "numpy"])
def test_a_real_worker_killed_while_measuring_costs_one_block(
    exported: Path, tmp_path: Path, number: signal.Signals, runtime: str
) -> None:
    killed: list[int] = []

    def kill_one(_block: Block) -> None:
        if not killed:
            (worker,) = psutil.Process().children()
            killed.append(worker.pid)
            worker.send_signal(number)

    recorder = Recorder(kill_one)
    end, session = execute(exported, tmp_path / "s.jsonl", options(runtime, passes=2), recorder=recorder)
    (failure,) = session.failures
    assert (failure.signal, failure.stage, failure.runtime) == (number, Stage.MEASURE, runtime)
    assert failure.case in {case.id for case in session.header.cases}
    assert failure.message == describe_signal(number)
    assert len(session.blocks) == 2 * 4 - 1
    assert end.reason is EndReason.COMPLETE


def test_a_runtime_that_dies_at_import_is_a_failure_and_the_others_go_on(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "onnxruntime"
    broken.mkdir()
    (broken / "__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _, session = execute(exported, tmp_path / "s.jsonl", options("onnxruntime", "numpy", passes=1))
    (failure,) = session.failures
    assert (failure.stage, failure.case, failure.signal) == (Stage.START, None, signal.SIGILL)
    assert "newer CPU" in failure.message
    assert {block.case.split("/")[0] for block in session.blocks} == {"numpy"}


def test_a_runtime_that_fails_at_import_tells_its_last_words(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "onnxruntime"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('libfoo.so.1 is missing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _, session = execute(exported, tmp_path / "s.jsonl", options("onnxruntime", passes=1))
    (failure,) = session.failures
    assert failure.exit_status == 1
    assert "libfoo.so.1 is missing" in failure.message
    assert session.blocks == ()


def test_a_case_that_needs_more_memory_than_there_is_is_left_out_with_the_figure(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profiler.measure.supervisor.available_bytes", lambda: 1_000_000)
    _, session = execute(exported, tmp_path / "s.jsonl", options("numpy", passes=1))
    assert len(session.failures) == 4
    for failure in session.failures:
        assert re.search(r"needs about \d+ MiB to load a pair of arms \(\d+ for four\), 1 MiB are", failure.message)


def test_ending_a_run_and_resuming_it_repeats_no_block(exported: Path, tmp_path: Path, script: Script) -> None:
    script(load_s=0.002)
    path = tmp_path / "s.jsonl"

    recorder = ended_after(7)
    end, session = execute(exported, path, options(), recorder=recorder)
    assert end.reason is EndReason.INTERRUPTED
    assert len(session.blocks) == 7
    assert session.end is not None
    again = Recorder()
    end, session = execute(exported, path, options(), recorder=again, resume=True)
    assert end.reason is EndReason.COMPLETE
    assert (again.plans[0], again.blocks) == ((PASSES * 4, 7), PASSES * 4 - 7)
    assert len({(b.case, b.pass_index) for b in session.blocks}) == len(session.blocks) == PASSES * 4
    assert len(session.resumes) == 1


def test_resuming_a_finished_run_measures_nothing(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    execute(exported, path, options(passes=1))
    before = path.read_bytes()
    recorder = Recorder()
    end, _ = execute(exported, path, options(passes=1), recorder=recorder, resume=True)
    assert end.reason is EndReason.COMPLETE
    assert recorder.blocks == 0
    assert path.read_bytes() == before


def test_a_budget_ends_the_run_between_blocks(exported: Path, tmp_path: Path, script: Script) -> None:
    script(load_s=0.05)
    end, session = execute(exported, tmp_path / "s.jsonl", options(passes=500), budget_s=4)
    assert end.reason is EndReason.BUDGET
    assert 0 < len(session.blocks) < 2000


def test_a_budget_of_the_passes_alone_leaves_the_checks_their_time(
    exported: Path, tmp_path: Path, script: Script
) -> None:
    """Loading takes longer than the budget, so the checks do too; all of them are done, and no pass."""
    script(load_s=0.02)
    end, session = execute(exported, tmp_path / "s.jsonl", options(passes=500), pass_budget_s=0.001)
    assert end.reason is EndReason.BUDGET
    assert len(session.checks) == 4
    assert len(session.blocks) == 0


def test_another_bundle_other_options_or_another_machine_are_not_resumed(
    exported: Path, tmp_path: Path, bundle: Path
) -> None:
    path = tmp_path / "s.jsonl"
    execute(exported, path, options(passes=1))
    manifest = bundle / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    size = path.stat().st_size
    with pytest.raises(SessionError, match="another bundle"):
        execute(bundle, path, options(passes=1), resume=True)
    with pytest.raises(SessionError, match="other options"):
        execute(exported, path, options(passes=2), resume=True)
    assert path.stat().st_size == size


def test_unknown_runtimes_are_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no runtime is called"):
        execute(exported, tmp_path / "s.jsonl", options("tpu"))


def wait_for_blocks(path: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b'"kind":"block"') < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_killing_the_supervisor_at_random_moments_loses_and_doubles_nothing(exported: Path, tmp_path: Path) -> None:
    """scripts/evidence/kill_and_resume.py does it twenty times with real runtimes; here six with the scripted one."""
    path = tmp_path / "s.jsonl"
    command = [sys.executable, "-m", "profiler", "run", str(exported), "-q", "-o", str(path), "--looks", "30"]
    command += ["--runtime", "scripted", "--sets", "1"]
    environment = {**os.environ, VARIABLE: '{"load_s": 0.001}'}
    generator = random.Random(7)
    seen: set[tuple[str, int]] = set()
    for index in range(6):
        resume = ["--resume"] if index else []
        with subprocess.Popen([*command, *resume], env=environment, stderr=subprocess.DEVNULL) as process:
            wait_for_blocks(path, len(seen) + generator.randrange(0, 12))
            time.sleep(generator.uniform(0, 0.01))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        session = load_session(path)
        now = {(block.case, block.pass_index) for block in session.blocks}
        assert len(now) == len(session.blocks)
        assert seen <= now
        seen = now
    assert 0 < len(seen) < 30 * 4
    subprocess.run([*command, "--resume"], env=environment, check=True)
    assert len(load_session(path).blocks) == 30 * 4


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends a child with its parent")
def test_a_worker_does_not_outlive_a_killed_supervisor(exported: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "profiler", "run", str(exported), "-q", "-o", str(tmp_path / "s.jsonl")]
    environment = {**os.environ, VARIABLE: '{"load_s": 0.05}'}
    with subprocess.Popen([*command, "--runtime", "scripted"], env=environment) as process:
        supervisor = psutil.Process(process.pid)
        deadline = time.monotonic() + 20
        while not (workers := supervisor.children()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1)
        workers = supervisor.children() or workers
        process.kill()
    assert psutil.wait_procs(workers, timeout=10)[1] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_the_command_cleanly(exported: Path, tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "s.jsonl"
    command = [sys.executable, "-m", "profiler", "run", str(exported), "-o", str(path), "--passes", "900"]
    environment = {**os.environ, VARIABLE: '{"load_s": 0.01}'}
    with subprocess.Popen(
        [*command, "--runtime", "scripted"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for_blocks(path, 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert "--resume" in out
    session = load_session(path)
    assert session.end is not None
    assert session.end.reason is EndReason.INTERRUPTED


def test_ending_before_anything_was_measured_writes_nothing(exported: Path, tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.stage = lambda text: os.kill(os.getpid(), signal.SIGTERM)  # type: ignore[method-assign]
    with pytest.raises(RunInterruptedError) as caught:
        execute(exported, tmp_path / "s.jsonl", options(), recorder=recorder)
    assert caught.value.number == signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_nohup_is_respected(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    command = ["nohup", sys.executable, "-m", "profiler", "run", str(exported), "-q", "-o", str(path), "--passes", "3"]
    environment = {**os.environ, VARIABLE: '{"load_s": 0.02}'}
    with subprocess.Popen([*command, "--runtime", "scripted"], env=environment, stdout=subprocess.DEVNULL) as process:
        wait_for_blocks(path, 1)
        process.send_signal(signal.SIGHUP)
    assert process.returncode == 0
    assert len(load_session(path).blocks) == 3 * 4


def test_force_does_not_replace_a_session_that_is_being_written(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    problems: list[str] = []

    def try_to_replace(_block: Block) -> None:
        if not problems:
            with pytest.raises(OutputError) as caught:
                SessionWriter.create(path, load_session(path).header, force=True)
            problems.append(str(caught.value))

    _, session = execute(exported, path, options(passes=2), recorder=Recorder(try_to_replace))
    assert "another run" in problems[0]
    assert len(session.blocks) == 2 * 4


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os, time; os.close(1); time.sleep(60)", "without ending"),
        ("import os; os.write(1, b'x' * 70_000_000)", "more than"),
        ("import sys; sys.exit('last words')", "last words"),
        ("raise SystemExit(0)", "said nothing"),
    ],
)
def test_a_worker_that_hangs_or_babbles_is_ended_and_told_of(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    monkeypatch.setattr("profiler.measure.handle._PROGRAM", program)
    monkeypatch.setattr("profiler.measure.handle.LAST_WORDS_S", 0.2)
    _, session = execute(exported, tmp_path / "s.jsonl", options("numpy", passes=1))
    (failure,) = session.failures
    assert failure.stage is Stage.START
    assert message in failure.message


def test_the_identical_control_says_that_one_file_was_loaded(exported: Path, tmp_path: Path) -> None:
    _, session = execute(exported, tmp_path / "s.jsonl", options("numpy", passes=1, controls=(Control.IDENTICAL,)))
    for check in session.checks:
        assert {arm.stored_layout for arm in check.arms} == {WeightLayout.OUT_IN}
        assert {arm.executed.layout for arm in check.arms} == {ExecutedLayout.OUT_IN}
