"""Memory that is too short for four arms at once: two pairs, one after the other, and what that leaves of the maths."""

import csv
import gc
import math
import random
import statistics
import subprocess
import sys
import weakref
from pathlib import Path

import msgspec
import pytest

from profiler.artifacts.build import export_bundle
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.records import Form
from profiler.judge.contrasts import EFFECT, NULL_IN_PAIRS, contrast_of
from profiler.judge.records import Verdict
from profiler.judge.rows import compare_session
from profiler.measure.messages import BlockRequest, Subject
from profiler.measure.plan import make_plan
from profiler.measure.worker import measure
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.workload import Workload, linear_workload
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.runtimes.scripted import ScriptedModel, ScriptedRuntime
from profiler.session.arms import ARMS
from profiler.session.records import Control, Session
from tests.runs import Recorder, Script, ended_after, execute, options

AVAILABLE = "profiler.measure.supervisor.available_bytes"


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much that a pair of every case fits, and not four arms of any."""
    monkeypatch.setattr("profiler.measure.plan.PlannedCase.needed_bytes", lambda _self, arms: arms * 100)
    monkeypatch.setattr(AVAILABLE, lambda: 399)


def paired_run(bundle: Path, path: Path, *runtimes: str, **changes: object) -> tuple[Session, Recorder]:
    recorder = Recorder()
    _, session = execute(bundle, path, options(*runtimes, **changes), recorder=recorder)  # type: ignore[arg-type]
    return session, recorder


@pytest.mark.usefixtures("short_memory")
def test_real_arms_are_measured_in_pairs_and_marked_everywhere(exported: Path, tmp_path: Path) -> None:
    session, recorder = paired_run(exported, tmp_path / "s.jsonl", "numpy", "onnxruntime", passes=2, sets=2)
    assert not session.failures
    assert len(session.blocks) == 2 * 8
    for block in session.blocks:
        assert block.arms_at_once == 2
        for arm_set in block.sets:
            assert set(arm_set.slices_ns) == set(ARMS)
            assert {len(times) for times in arm_set.slices_ns.values()} == {3}
            assert len(arm_set.identity_ns) == 3
    assert len([text for text in recorder.warnings if "measured in two pairs" in text]) == 8
    report = make_report((session,))
    assert [row.paired_passes for row in report.sessions[0].rows] == [row.passes for row in report.sessions[0].rows]
    assert any("memory was too short for four copies" in warning.text for warning in report.sessions[0].warnings)
    assert "memory was too short" in " ".join(render(report, Format.TERMINAL).split())
    for line in csv.DictReader(render(report, Format.CSV).splitlines()):
        assert line["paired_passes"] == line["passes"]


def test_with_enough_memory_nothing_is_paired(exported: Path, tmp_path: Path) -> None:
    session, recorder = paired_run(exported, tmp_path / "s.jsonl", passes=1)
    assert {block.arms_at_once for block in session.blocks} == {4}
    assert recorder.warnings == []
    assert not any("memory was too short" in one.text for one in make_report((session,)).sessions[0].warnings)


@pytest.mark.usefixtures("short_memory")
def test_pairs_find_a_known_ratio(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.2, call_sd=0.01, placement_sd=0.01, pass_sd=0.1)
    session, _ = paired_run(exported, tmp_path / "s.jsonl", passes=10)
    for comparison in compare_session(session):
        assert (comparison.verdict, comparison.paired_passes) == (Verdict.PAYS_OFF, 10)
        assert comparison.speedup is not None
        assert abs(math.log(comparison.speedup.point) - math.log(1.2)) < 0.03


@pytest.mark.usefixtures("short_memory")
def test_pairs_see_no_difference_between_copies(exported: Path, tmp_path: Path, script: Script) -> None:
    script(in_out_factor=1.5, call_sd=0.01, placement_sd=0.005)
    session, _ = paired_run(exported, tmp_path / "s.jsonl", passes=8, controls=(Control.IDENTICAL,))
    assert {comparison.verdict for comparison in compare_session(session)} <= {Verdict.EQUAL, Verdict.UNDECIDED}


def test_a_run_that_is_resumed_with_more_memory_keeps_its_pairs_and_goes_on_with_four(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr("profiler.measure.plan.PlannedCase.needed_bytes", lambda _self, arms: arms * 100)
        patched.setattr(AVAILABLE, lambda: 399)
        _, session = execute(exported, path, options(passes=4), recorder=ended_after(6))
        assert {block.arms_at_once for block in session.blocks} == {2}
    _, session = execute(exported, path, options(passes=4), resume=True)
    assert {block.arms_at_once for block in session.blocks} == {2, 4}
    assert all(comparison.passes == 4 for comparison in compare_session(session))


# ---------------------------------------------------------------- the maths


def test_effect_and_null_of_pairs_vary_alike_and_drift_between_the_pairs_is_in_neither() -> None:
    """Two thousand blocks whose second pair runs at twice the time, with a true ratio of 1.1."""
    generator = random.Random(5)
    effects, nulls = [], []
    for _ in range(2000):
        medians = {arm: generator.gauss(0, 0.02) for arm in ARMS}
        for arm in ARMS:
            medians[arm] += math.log(2) * (arm.copy == 2) + math.log(1.1) * (arm.layout is WeightLayout.IN_OUT)
        effects.append(contrast_of(medians, EFFECT))
        nulls.append(contrast_of(medians, NULL_IN_PAIRS))
    error = 0.02 / math.sqrt(2000)
    assert abs(statistics.fmean(effects) - math.log(1.1)) < 4 * error
    assert abs(statistics.fmean(nulls)) < 4 * error
    assert statistics.stdev(effects) == pytest.approx(0.02, rel=0.08)
    assert statistics.stdev(nulls) == pytest.approx(0.02, rel=0.08)
    assert abs(statistics.correlation(effects, nulls)) < 0.08


# ---------------------------------------------------------------- what is in memory


def request_of(bundle: Path, workload: str, file_format: str, *, at_once: int) -> BlockRequest:
    opened = open_bundle(bundle)
    manifest = opened.manifest
    files = {
        artifact.layout: str(opened.path_of(artifact))
        for artifact in manifest.artifacts
        if (artifact.workload, artifact.format, artifact.form) == (workload, file_format, Form.CONTROLLED)
        and artifact.input_rank in (None, 2)
    }
    answer = next(one for one in manifest.references if one.workload == workload and len(one.batch_shape) == 1)
    return BlockRequest(
        subject=Subject(
            workload=next(one for one in manifest.workloads if one.name == workload),
            files=files,
            reference_path=str(opened.path_of(answer)),
            has_identity=False,
            identity_path=None,
        ),
        seed=1,
        sets=2,
        rounds=3,
        slice_ns=10_000,
        eviction_bytes=0,
        extra_percent={},
        arms_at_once=at_once,
    )


class Counting(ScriptedRuntime):
    """Counts the models that are alive at each load."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: weakref.WeakSet[ScriptedModel] = weakref.WeakSet()
        self.calls: list[int] = []

    def load(self, path: Path, workload: Workload, *, threads: int) -> ScriptedModel:
        self.calls.append(len(self.alive) + 1)
        model = Bound(self, super().load(path, workload, threads=threads))
        self.alive.add(model)
        return model


class Bound(ScriptedModel):
    """Lives as long as its call, as a session does."""

    def __init__(self, runtime: Counting, model: ScriptedModel) -> None:
        super().__init__(runtime, model._model, model._call_ns)

    def bind(self, x: object) -> object:  # type: ignore[override]
        call = super().bind(x)  # type: ignore[arg-type]
        return lambda me=self: call()


@pytest.mark.parametrize("at_once", [2, 4])
def test_no_more_arms_are_alive_than_were_asked_for(exported: Path, at_once: int) -> None:
    runtime = Counting()
    request = request_of(exported, "linear-24x40", "arrays", at_once=at_once)
    gc.freeze()  # what other tests imported would be looked through at every collection
    try:
        found = measure(request, runtime, threads=1)  # type: ignore[arg-type]  # its clock is a method
    finally:
        gc.unfreeze()
    assert max(runtime.calls) == at_once
    assert len(runtime.calls) == 8
    assert [set(arm_set.slices_ns) for arm_set in found.sets] == [set(ARMS)] * 2


SIDE = 1448  # 8 MiB: more than what else varies in a process
PROGRAM = """
import sys, msgspec
from pathlib import Path
from profiler.measure.messages import BlockRequest
from profiler.measure.worker import measure
from profiler.runtimes import runtime_info
def kib(key):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if key in line)
runtime = runtime_info(sys.argv[1]).create()
before = kib("VmRSS")
for seed in range(3):
    request = msgspec.json.decode(sys.stdin.readline(), type=BlockRequest)
    measure(request, runtime, threads=1)
print(1024 * (kib("VmHWM") - before))
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs") / "bundle"
    workload = linear_workload(LinearShape(in_features=SIDE, out_features=SIDE), batch_shapes=((8,),))
    formats = ["onnx", "arrays"]
    export_bundle([workload], folder, suite="big", formats=formats, forms=[Form.CONTROLLED])
    return folder


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells it on Linux alone")
@pytest.mark.parametrize("runtime", ["numpy", "onnxruntime", "onnxruntime-unpacked"])
def test_what_is_said_to_be_needed_is_enough_and_not_many_times_too_much(big: Path, runtime: str) -> None:
    file_format = "arrays" if runtime == "numpy" else "onnx"
    (case,) = make_plan(open_bundle(big).manifest, options(runtime)).cases
    rises = {}
    for at_once in (2, 4):
        request = request_of(big, case.workload.name, file_format, at_once=at_once)
        requests = [msgspec.structs.replace(request, seed=seed) for seed in range(3)]
        lines = b"\n".join(map(msgspec.json.encode, requests)) + b"\n"
        command = [sys.executable, "-c", PROGRAM, runtime]
        done = subprocess.run(command, input=lines, capture_output=True, check=True)
        rises[at_once] = int(done.stdout)
        assert rises[at_once] <= case.needed_bytes(at_once) < 4 * rises[at_once]
    assert rises[4] - rises[2] > 8_000_000  # two arms of 8 MiB less
