"""Real runtimes, in this process, on real files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from models.layout import WeightLayout
from models.workload import Workload
from profiler.bundle import open_bundle
from profiler.errors import MissingPackageError, OptionError, RefusalError
from profiler.records import ExecutedLayout, Form
from profiler.runtimes import RUNTIMES, Runtime, RuntimeInfo, runtime_info

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
NAMES = [info.name for info in RUNTIMES]
MakeRuntime = Callable[[str], Runtime]


@pytest.fixture
def make_runtime() -> Iterator[MakeRuntime]:
    """Creates runtimes as a worker does, and ends afterwards what the torch one sets for a whole process."""
    made: list[Runtime] = []

    def make(name: str) -> Runtime:
        made.append(runtime_info(name).create())
        return made[-1]

    yield make
    for runtime in made:
        mode = getattr(runtime, "inference_mode", None)
        if mode is not None:
            mode.__exit__(None, None, None)


def workload(bundle: Path, name: str) -> Workload:
    return next(item for item in open_bundle(bundle).manifest.workloads if item.name == name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", Form)
def test_every_file_gives_the_float64_answer_in_its_runtime(
    exported: Path, make_runtime: MakeRuntime, name: str, form: Form
) -> None:
    info = runtime_info(name)
    runtime = make_runtime(name)
    opened = open_bundle(exported)
    count = 0
    for artifact in opened.manifest.artifacts:
        if (artifact.format, artifact.form) != (info.format, form):
            continue
        for answer in opened.manifest.answers:
            if answer.workload != artifact.workload or artifact.input_rank not in (None, len(answer.batch_shape) + 1):
                continue
            model = runtime.load(opened.path_of(artifact), workload(exported, artifact.workload), threads=1)
            with np.load(opened.path_of(answer)) as right:
                found = model.answer(right["x"])
                model.bind(right["x"])()
                assert (np.abs(found - right["y"]) <= right["tolerance"]).all()
            count += 1
    assert count == (0 if name == "numpy" and form is Form.IDIOMATIC else 8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("onnxruntime", {OUT_IN: ExecutedLayout.PACKED, IN_OUT: ExecutedLayout.PACKED}),
        ("onnxruntime-unpacked", {OUT_IN: ExecutedLayout.OUT_IN, IN_OUT: ExecutedLayout.IN_OUT}),
        ("torchscript", {OUT_IN: ExecutedLayout.OUT_IN, IN_OUT: ExecutedLayout.IN_OUT}),
        ("numpy", {OUT_IN: ExecutedLayout.OUT_IN, IN_OUT: ExecutedLayout.IN_OUT}),
    ],
)
@pytest.mark.parametrize("case", ["iris", "linear-24x40"])
def test_what_each_runtime_executes(
    exported: Path, make_runtime: MakeRuntime, name: str, expected: dict[WeightLayout, ExecutedLayout], case: str
) -> None:
    info = runtime_info(name)
    runtime = make_runtime(name)
    opened = open_bundle(exported)
    for artifact in opened.manifest.artifacts:
        if (artifact.format, artifact.form, artifact.workload) == (info.format, Form.CONTROLLED, case):
            executed = runtime.load(opened.path_of(artifact), workload(exported, case), threads=1).executed()
            assert executed.layout is expected[artifact.layout], executed
            assert executed.operator
            assert executed.known_by


def test_onnx_runtime_folds_a_transposition_and_we_see_it(exported: Path, tmp_path: Path) -> None:
    """Transpose(initializer) + MatMul is stored as [out, in] but executed as [in, out]."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = np.random.default_rng(0).standard_normal((40, 24)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]), helper.make_node("MatMul", ["x", "t"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 24])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 40])],
        [numpy_helper.from_array(weight, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "x.onnx")
    runtime = runtime_info("onnxruntime-unpacked").create()
    executed = runtime.load(tmp_path / "x.onnx", workload(exported, "linear-24x40"), threads=1).executed()
    assert executed.layout is ExecutedLayout.IN_OUT
    assert executed.operator == "MatMul"


def test_a_file_that_onnx_runtime_does_not_accept_is_a_refusal(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(RefusalError, match="refuses"):
        runtime_info("onnxruntime").create().load(tmp_path / "x.onnx", workload(exported, "iris"), threads=1)


def test_two_threads_share_one_pool_and_answer_alike(exported: Path) -> None:
    runtime = runtime_info("onnxruntime").create()
    x = np.ones((1, 24), np.float32)
    path = exported / "linear-24x40/onnx-controlled-out_in-rank2.onnx"
    one, two = (runtime.load(path, workload(exported, "linear-24x40"), threads=threads).answer(x) for threads in (1, 2))
    assert np.allclose(one, two)


def test_an_unknown_runtime_prints_the_known_ones() -> None:
    with pytest.raises(OptionError, match="onnxruntime-unpacked"):
        runtime_info("tensorrt")


def test_a_missing_package_prints_the_install_line() -> None:
    info = RuntimeInfo("x", "x:X", runtime_info("numpy").format, "no_such_package", "torch", "")
    assert not info.is_installed
    with pytest.raises(MissingPackageError, match=r'pip install "layout-profiler\[torch\]"'):
        info.create()
