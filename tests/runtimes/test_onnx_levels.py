"""What ONNX Runtime's graph optimisation levels leave of a graph, read back at that very level."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from profiler.models.layout import LinearShape
from profiler.models.workload import linear_workload
from profiler.runtimes import onnxruntime as module
from profiler.runtimes import runtime_info
from profiler.session.records import Executed, ExecutedLayout

IN, OUT = 24, 40
WORKLOAD = linear_workload(LinearShape(in_features=IN, out_features=OUT), batch_shapes=((8,),))
LEVELS = ["onnxruntime-disabled", "onnxruntime-basic", "onnxruntime-extended", "onnxruntime"]
Ask = Callable[[str], Executed]


def graph_file(folder: Path, *, transposed: bool, gemm: bool, relu: bool = False) -> Path:
    """`[Transpose,] MatMul|Gemm, [Relu]` over one weight, with the right answer for `x` all ones checked on the way."""
    from onnx import TensorProto, helper, numpy_helper, save

    weight = np.random.default_rng(0).standard_normal((IN, OUT)).astype(np.float32)
    nodes = []
    if transposed:
        nodes.append(helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]))
    right = "t" if transposed else "w"
    nodes.append(helper.make_node("Gemm" if gemm else "MatMul", ["x", right], ["p" if relu else "y"]))
    if relu:
        nodes.append(helper.make_node("Relu", ["p"], ["y"]))
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", IN])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", OUT])],
        [numpy_helper.from_array(np.ascontiguousarray(weight.T) if transposed else weight, "w")],
    )  # fmt: skip
    path = folder / "x.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def executed(name: str, path: Path) -> Executed:
    return runtime_info(name).create().load(path, WORKLOAD, threads=1).executed()


def test_a_transposed_initializer_is_folded_at_level_all_and_kept_at_level_disabled(tmp_path: Path) -> None:
    """Stored as `[out, in]`; what is left decides what is executed, and a kept Transpose keeps ORT from packing."""
    path = graph_file(tmp_path, transposed=True, gemm=False)
    kept = executed("onnxruntime-disabled", path)
    assert (kept.layout, kept.operator, kept.rewritten) == (ExecutedLayout.OUT_IN, "Transpose, MatMul", "")
    assert "level disabled" in kept.known_by
    assert "cannot be packed" in kept.known_by
    for name in LEVELS[1:]:
        folded = executed(name, path)
        assert (folded.layout, folded.operator) == (ExecutedLayout.PACKED, "MatMul")
        assert folded.rewritten == "Transpose folded"
        assert f"level {'all' if name == 'onnxruntime' else name.removeprefix('onnxruntime-')}" in folded.known_by


def test_without_packing_the_folded_transpose_has_moved_the_weight_to_the_other_layout(tmp_path: Path) -> None:
    folded = executed("onnxruntime-unpacked", graph_file(tmp_path, transposed=True, gemm=False))
    assert (folded.layout, folded.operator) == (ExecutedLayout.IN_OUT, "MatMul")
    assert folded.rewritten == "Transpose folded"


def test_before_a_gemm_the_transpose_becomes_its_flag_and_the_weight_stays(tmp_path: Path) -> None:
    path = graph_file(tmp_path, transposed=True, gemm=True)
    assert executed("onnxruntime-disabled", path).operator == "Transpose, Gemm(transB=0)"
    left = executed("onnxruntime-unpacked", path)
    assert (left.layout, left.operator) == (ExecutedLayout.OUT_IN, "Gemm(transB=1)")


@pytest.mark.parametrize("name", LEVELS)
def test_activations_are_fused_from_level_extended_on(tmp_path: Path, name: str) -> None:
    found = executed(name, graph_file(tmp_path, transposed=False, gemm=True, relu=True))
    is_fused = name in LEVELS[2:]
    assert found.operator == ("FusedGemm(transB=0)" if is_fused else "Gemm(transB=0)")
    assert found.rewritten == ("Gemm, Relu -> FusedGemm" if is_fused else "")
    assert found.layout is ExecutedLayout.PACKED


def test_a_graph_too_large_to_read_back_is_said_to_be_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_READ_BACK_BYTES", 100)
    path = graph_file(tmp_path, transposed=False, gemm=True)
    assert executed("onnxruntime-unpacked", path).layout is ExecutedLayout.UNKNOWN
    assert "too large" in executed("onnxruntime", path).known_by
