"""Costs beside speed, from real processes."""

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from profiler.artifacts.build import export_bundle
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.records import Form
from profiler.base.errors import RefusalError
from profiler.measure import probe
from profiler.measure.messages import CostRequest, Subject
from profiler.measure.probe import measure_costs
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, linear_workload
from profiler.runtimes import Runtime
from profiler.runtimes.numpy import NumpyModel, NumpyRuntime
from profiler.session.records import Control, Stage, Weights
from tests.runs import Script, execute, options

SIDE = 1500
BIG = linear_workload(LinearShape(in_features=SIDE, out_features=SIDE), batch_shapes=((1,),))
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer of 8.6 MiB: far more than what else a process needs while it loads one."""
    folder = tmp_path_factory.mktemp("big") / "bundle"
    formats = ["onnx", "arrays"]
    export_bundle([BIG], folder, suite="big", formats=formats, forms=[Form.CONTROLLED])
    return folder


def request(bundle: Path, workload: Workload, file_format: str) -> CostRequest:
    opened = open_bundle(bundle)
    identities = [identity for identity in opened.manifest.identities if identity.format == file_format]
    return CostRequest(
        subject=Subject(
            workload=workload,
            files={
                artifact.layout: str(opened.path_of(artifact))
                for artifact in opened.manifest.artifacts
                if artifact.format == file_format
            },
            reference_path=str(opened.path_of(opened.manifest.references[0])),
            has_identity=True,
            identity_path=str(opened.path_of(identities[0])) if identities else None,
        ),
        seed=1,
    )


@pytest.mark.parametrize("runtime", ["numpy", "onnxruntime", "onnxruntime-unpacked"])
def test_real_costs_are_positive_and_loading_takes_the_memory_of_the_weights(
    big: Path, tmp_path: Path, runtime: str
) -> None:
    _, session = execute(big, tmp_path / "s.jsonl", options(runtime, passes=2, cost_passes=2))
    assert not session.failures
    assert [set(cost.arms) for cost in session.costs] == [set(WeightLayout)] * 2
    for arm in (arm for cost in session.costs for arm in cost.arms.values()):
        assert 0 < arm.load_s < 60
        assert 0 < arm.first_call_s < 60
        if LINUX:
            assert arm.resident_before_bytes is not None
            assert arm.resident_loaded_bytes is not None
            assert arm.peak_bytes is not None
            rise = arm.resident_loaded_bytes - arm.resident_before_bytes
            assert BIG.weight_bytes(NumberFormat.FLOAT32) <= rise < 4 * BIG.weight_bytes(NumberFormat.FLOAT32)
            assert arm.peak_bytes >= arm.resident_loaded_bytes


class Broken(NumpyRuntime):
    """Does something else than loading, in the probe's process."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.parent = os.getpid()

    def load(self, path: Path, workload: Workload, *, threads: int) -> NumpyModel:
        assert os.getpid() != self.parent
        if self.kind == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "hangs":
            time.sleep(60)
        if self.kind == "leaves":
            os._exit(0)
        if self.kind == "raises":
            raise RuntimeError("x" * 100_000)
        if self.kind == "refuses":
            raise RefusalError("the operator set is too new")
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dies", "the process that loads it alone died: .*SIGKILL"),
        ("raises", "it cannot be loaded alone: RuntimeError: xxx"),
        ("refuses", "it cannot be loaded alone: RefusalError: the operator set is too new"),
        ("exits", "it cannot be loaded alone: SystemExit: 3"),
        ("leaves", "the process that loads it alone"),
    ],
)
def test_a_probe_that_fails_is_refused_with_its_reason(exported: Path, kind: str, words: str) -> None:
    broken: Runtime = Broken(kind)
    workload = open_bundle(exported).manifest.workloads[0]
    with pytest.raises(RefusalError, match=words) as caught:
        measure_costs(request(exported, workload, "arrays"), broken, threads=1)
    assert len(str(caught.value)) < 500


def test_a_probe_that_hangs_is_ended(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PROBE_LIMIT_S", 0.3)
    workload = open_bundle(exported).manifest.workloads[0]
    with pytest.raises(RefusalError, match=r"^loading took more than 0 s and was ended$"):
        measure_costs(request(exported, workload, "arrays"), Broken("hangs"), threads=1)
    assert psutil.Process().children() == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (b"nonsense\n", "printed what cannot be read"),
        (b"{}" * 100_000, "told more than 65536 bytes"),
        (b"no end of a line", "died: exit status 0, and it said nothing|died: SIGKILL"),
    ],
)
def test_a_probe_that_tells_garbage_is_refused(
    exported: Path, monkeypatch: pytest.MonkeyPatch, told: bytes, words: str
) -> None:
    monkeypatch.setattr(probe, "encode_line", lambda _: told)
    workload = open_bundle(exported).manifest.workloads[0]
    with pytest.raises(RefusalError, match=f"^the process that loads it alone ({words})"):
        measure_costs(request(exported, workload, "arrays"), NumpyRuntime(), threads=1)
    assert psutil.Process().children() == []


@pytest.mark.parametrize("runtime", ["onnxruntime", "torchscript", "numpy"])
def test_a_run_has_the_costs_of_every_case_in_its_first_passes(exported: Path, tmp_path: Path, runtime: str) -> None:
    _, session = execute(exported, tmp_path / "s.jsonl", options(runtime, passes=3, cost_passes=2))
    assert not session.failures
    found = {(cost.case, cost.pass_index) for cost in session.costs}
    assert found == {(case.id, at) for case in session.header.cases for at in range(2)}
    assert len(session.costs) == len(found)
    assert all(arm.load_s > 0 and arm.first_call_s > 0 for cost in session.costs for arm in cost.arms.values())
    assert len(session.blocks) == 3 * 4


def test_a_resumed_run_costs_no_pass_twice(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    chosen = options(passes=3, cost_passes=3)
    execute(exported, path, chosen)
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    cut = next(at for at, line in enumerate(lines) if b'"kind":"cost"' in line and b'"pass_index":1' in line) + 2
    path.write_bytes(b"".join(lines[:cut]))
    _, session = execute(exported, path, chosen, resume=True)
    assert len({(cost.case, cost.pass_index) for cost in session.costs}) == len(session.costs) == 3 * 4
    assert len(session.blocks) == 3 * 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_probe_that_dies_is_a_failure_and_the_case_is_still_measured(
    exported: Path, tmp_path: Path, script: Script, number: signal.Signals
) -> None:
    """The worker goes on; the case is not costed again, and all its blocks are there."""
    script(load_s=0.05)  # long enough to be found
    killed = threading.Event()

    def kill_one_probe() -> None:
        deadline = time.monotonic() + 30
        while not killed.is_set() and time.monotonic() < deadline:
            with contextlib.suppress(psutil.NoSuchProcess):
                for probe in [probe for worker in psutil.Process().children() for probe in worker.children()]:
                    probe.send_signal(number)
                    killed.set()
                    return
            time.sleep(0.001)

    killer = threading.Thread(target=kill_one_probe)
    killer.start()
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=2, cost_passes=2))
    killed.set()
    killer.join()
    (failure,) = session.failures
    assert (failure.stage, failure.pass_index) == (Stage.COST, 0)
    assert number.name in failure.message
    assert len(session.blocks) == 2 * 4
    assert len(session.starts) == 2
    assert {cost.case for cost in session.costs} == {case.id for case in session.header.cases} - {failure.case}
    assert len(session.costs) == 2 * 3


def test_controls_and_cold_twins_of_warm_cases_are_not_costed(exported: Path, tmp_path: Path) -> None:
    """A control has but one file, and a cold case loads those of its warm twin."""
    both = (Weights.WARM, Weights.COLD)
    controls = (Control.NONE, Control.IDENTICAL)
    chosen = options(passes=1, cost_passes=1, weights=both, controls=controls, eviction_bytes=4096)
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    plain = {case.id for case in session.header.cases if (case.weights, case.control) == (Weights.WARM, Control.NONE)}
    assert {cost.case for cost in session.costs} == plain
    assert len(plain) == 4
    cold = options(passes=1, cost_passes=1, weights=(Weights.COLD,), eviction_bytes=4096)
    _, session = execute(exported, tmp_path / "cold.jsonl", cold)
    assert len(session.costs) == 4
