import contextlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from profiler.artifacts.arrays.prove import prove as prove_arrays
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.formats import BUILT_IN
from profiler.artifacts.onnx.file import parse_graph
from profiler.artifacts.onnx.prove import prove as prove_onnx
from profiler.artifacts.proof import check_entry, prove
from profiler.artifacts.records import Part
from profiler.artifacts.references import load_reference
from profiler.artifacts.torchscript.prove import prove as prove_torchscript
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def save_onnx(path: Path, nodes: list[onnx.NodeProto], weight: np.ndarray = WEIGHT) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


@pytest.mark.parametrize(
    ("nodes", "layout", "operator"),
    [
        ([helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)], OUT_IN, "Gemm(transB=1)"),
        ([helper.make_node("Gemm", ["x", "w"], ["y"])], IN_OUT, "Gemm(transB=0)"),
        ([helper.make_node("MatMul", ["x", "w"], ["y"])], IN_OUT, "MatMul"),
        (
            [helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]), helper.make_node("MatMul", ["x", "t"], ["y"])],
            OUT_IN,
            "Transpose, MatMul",
        ),
        (
            [helper.make_node("Transpose", ["w"], ["t"]), helper.make_node("Gemm", ["x", "t"], ["y"], transB=1)],
            IN_OUT,
            "Transpose, Gemm(transB=1)",
        ),
        (
            [helper.make_node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft", transB=1)],
            OUT_IN,
            "FusedMatMul(transB=1)",
        ),
    ],
)
def test_the_layout_is_read_off_operator_flag_and_transposition(
    tmp_path: Path, nodes: list[onnx.NodeProto], layout: WeightLayout, operator: str
) -> None:
    (layer,) = prove_onnx(save_onnx(tmp_path / "x.onnx", nodes)).layers
    assert (layer.stored_layout, layer.operator, layer.dims) == (layout, operator, (2, 3))


def test_a_product_with_a_weight_that_is_no_constant_is_no_layer(tmp_path: Path) -> None:
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    assert prove_onnx(save_onnx(tmp_path / "x.onnx", [node])).layers == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_graph_or_refused(data: bytes) -> None:
    with contextlib.suppress(ArtifactError):
        parse_graph(memoryview(data), where="x")


MODEL = helper.make_model(
    helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        [numpy_helper.from_array(WEIGHT, "w")],
    )
).SerializeToString()


@given(st.integers(0, len(MODEL) - 1), st.integers(0, 255), st.booleans())
@settings(max_examples=300)
def test_a_damaged_model_is_read_or_refused_but_never_crashes(at: int, byte: int, cut: bool) -> None:
    data = MODEL[:at] if cut else MODEL[:at] + bytes([byte]) + MODEL[at + 1 :]
    with contextlib.suppress(ArtifactError):
        graph = parse_graph(memoryview(data), where="x")
        for tensor in graph.initializers.values():
            tensor.matrix(where="x")


@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
)
def test_our_reader_sees_what_the_onnx_package_sees(names: list[str], rows: int, columns: int, raw: bool) -> None:
    weight = np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32)
    tensors = [
        numpy_helper.from_array(weight, name)
        if raw
        else helper.make_tensor(name, TensorProto.FLOAT, weight.shape, weight.ravel())
        for name in names
    ]
    nodes = [helper.make_node("Gemm", ["x", name], ["y"], transB=1, perm=[1, -2]) for name in names]
    model = helper.make_model(helper.make_graph(nodes, "g", [], [], tensors))
    graph = parse_graph(memoryview(model.SerializeToString()), where="x")
    assert [node.inputs for node in graph.nodes] == [tuple(node.input) for node in model.graph.node]
    assert all(node.ints == {"transB": (1,), "perm": (1, -2)} for node in graph.nodes)
    assert list(graph.initializers) == names
    for tensor in graph.initializers.values():
        assert np.array_equal(tensor.matrix(where="x"), weight)


def test_weights_outside_the_file_are_refused(tmp_path: Path) -> None:
    model = onnx.load_from_string(MODEL)
    onnx.save(model, tmp_path / "x.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    assert (tmp_path / "weights").is_file()
    with pytest.raises(ArtifactError, match="outside the file"):
        prove_onnx(tmp_path / "x.onnx")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_in_every_format(tmp_path: Path, value: float) -> None:
    weight = WEIGHT.copy()
    weight[1, 2] = value
    save_onnx(tmp_path / "x.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], weight)
    np.savez(tmp_path / "x.npz", layout=np.array("out_in"), weight_0=weight)
    constant = torch.from_numpy(weight)
    save_torchscript(tmp_path / "x.pt", lambda x: x @ constant)
    for name, file_format in (("onnx", "onnx"), ("npz", "arrays"), ("pt", "torchscript")):
        with pytest.raises(ArtifactError, match="NaN or infinite"):
            prove(tmp_path / f"x.{name}", file_format)


def save_torchscript(path: Path, function: Callable[[torch.Tensor], torch.Tensor]) -> Path:
    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return function(x)

    torch.jit.freeze(torch.jit.trace(Module().eval(), torch.zeros(2, 2))).save(str(path))
    return path


def test_torchscript_layouts_are_read_off_operator_and_strides(tmp_path: Path) -> None:
    out_in, in_out = torch.randn(5, 2), torch.randn(2, 5)
    linear = torch.nn.functional.linear
    for function, layout in (
        (lambda x: linear(x, out_in), OUT_IN),
        (lambda x: linear(x, in_out.t()), IN_OUT),
        (lambda x: x @ in_out, IN_OUT),
        (lambda x: x @ out_in.t(), OUT_IN),
    ):
        (layer,) = prove_torchscript(save_torchscript(tmp_path / "x.pt", function)).layers
        assert layer.stored_layout is layout


def test_torchscript_that_calls_anything_else_is_refused(tmp_path: Path) -> None:
    path = save_torchscript(tmp_path / "x.pt", torch.sin)
    with pytest.raises(ArtifactError, match="aten::sin"):
        prove_torchscript(path)


def test_an_object_that_would_be_unpickled_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", layout=np.array("out_in"), weight_0=np.array([print], dtype=object))
    with pytest.raises(ArtifactError, match="as arrays"):
        prove_arrays(tmp_path / "x.npz")


def test_compressed_arrays_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", layout=np.array("out_in"), weight_0=np.zeros((4000, 4000), np.float32))
    with pytest.raises(ArtifactError, match="compressed"):
        prove_arrays(tmp_path / "x.npz")


def test_an_array_that_declares_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**7, 10**7)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("layout.npy", b"")
        archive.writestr("weight_0.npy", header.getvalue())
    with pytest.raises(ArtifactError, match="as arrays"):
        prove_arrays(tmp_path / "x.npz")


ARRAYS = io.BytesIO()
np.savez(ARRAYS, layout=np.array("in_out"), weight_0=WEIGHT, bias_0=np.zeros(3, np.float32))


@given(st.integers(0, len(ARRAYS.getvalue()) - 1), st.integers(0, 255), st.booleans())
@settings(max_examples=200, deadline=None)
def test_damaged_arrays_are_read_or_refused_but_never_crash(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: bool
) -> None:
    data = ARRAYS.getvalue()
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    path.write_bytes(data[:at] if cut else data[:at] + bytes([byte]) + data[at + 1 :])
    with contextlib.suppress(ArtifactError):
        prove_arrays(path)


@pytest.mark.parametrize("file_format", BUILT_IN)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x00" * 100, b"{}"])
def test_files_of_another_kind_are_refused(tmp_path: Path, file_format: str, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ArtifactError):
        prove(tmp_path / "x", file_format)
    with pytest.raises(ArtifactError):
        prove(tmp_path / "missing", file_format)


def test_torchscript_with_code_that_runs_on_loading_is_refused(tmp_path: Path) -> None:
    class Module(torch.nn.Module):
        @torch.jit.export
        def __getstate__(self) -> int:
            return 1

        @torch.jit.export
        def __setstate__(self, state: int) -> None:
            self.training = False

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    torch.jit.script(Module()).save(str(tmp_path / "x.pt"))
    with pytest.raises(ArtifactError, match="run on loading"):
        prove_torchscript(tmp_path / "x.pt")


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.zeros((1, 3), np.float32), "y": np.zeros((1, 2))},
        {"x": np.zeros((1, 3)), "y": np.zeros((1, 2)), "tolerance": np.zeros((1, 2))},
        {"x": np.zeros((2, 3), np.float32), "y": np.zeros((1, 2)), "tolerance": np.zeros((1, 2))},
        {"x": np.full((1, 3), np.nan, np.float32), "y": np.zeros((1, 2)), "tolerance": np.zeros((1, 2))},
        {"x": np.zeros((0, 3), np.float32), "y": np.zeros((0, 2)), "tolerance": np.zeros((0, 2))},
    ],
    ids=["no tolerance", "float64 input", "other rows", "NaN input", "no rows"],
)
def test_references_that_are_none_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(ArtifactError):
        load_reference(tmp_path / "a.npz")


def test_torchscript_entries_that_torch_does_not_write_are_refused(tmp_path: Path) -> None:
    """torch finds `code/__torch__.PY` too: a case-sensitive look for code would miss it."""
    path = save_torchscript(tmp_path / "x.pt", lambda x: x + 1)
    with zipfile.ZipFile(path) as archive:
        contents = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(tmp_path / "y.pt", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name.replace(".py", ".PY"), content)
    with pytest.raises(ArtifactError, match="does not write"):
        prove_torchscript(tmp_path / "y.pt")


def test_onnx_constants_outside_the_file_graphs_within_and_functions_are_refused(tmp_path: Path) -> None:
    outside = numpy_helper.from_array(WEIGHT, "w")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../secret")
    inner = helper.make_graph([], "inner", [], [])
    function = helper.make_function("d", "f", [], [], [], [])
    for nodes, functions, complaint in (
        ([helper.make_node("Constant", [], ["w"], value=outside)], [], "outside"),
        ([helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)], [], "graph within"),
        ([], [function], "functions"),
    ):
        model = helper.make_model(helper.make_graph(nodes, "g", [], []), functions=functions)
        (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(ArtifactError, match=complaint):
            prove_onnx(tmp_path / "x.onnx")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dtype": NumberFormat.INT8}, "claimed to store int8 as out_in, it stores float32 as out_in"),
        ({"stored_layout": None}, "claimed to store float32 as a mix"),
        ({"parts": (Part(path="x/y", sha256="", size_bytes=1),)}, "needs no other file, its manifest claims y"),
    ],
)
def test_an_entry_that_says_another_thing_than_its_file_is_refused(
    exported: Path, changes: dict[str, Any], told: str
) -> None:
    bundle = open_bundle(exported)
    artifact = next(item for item in bundle.manifest.artifacts if item.path.endswith("arrays-controlled-out_in.npz"))
    workload = next(item for item in bundle.manifest.workloads if item.name == artifact.workload)
    stored = prove(bundle.path_of(artifact), artifact.format)
    check_entry(artifact, stored, workload, where="it")
    with pytest.raises(ArtifactError, match=told):
        check_entry(msgspec.structs.replace(artifact, **changes), stored, workload, where="it")


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int8, ">f4"])
def test_weights_of_other_number_formats_are_refused(tmp_path: Path, kind: Any) -> None:
    weight = WEIGHT.astype(kind)
    np.savez(tmp_path / "x.npz", layout=np.array("out_in"), weight_0=weight)
    with pytest.raises(ArtifactError, match="no float32 weight matrix"):
        prove_arrays(tmp_path / "x.npz")
    if kind != ">f4":
        save_onnx(tmp_path / "x.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], weight)
        with pytest.raises(ArtifactError, match="is no float32 matrix"):
            prove_onnx(tmp_path / "x.onnx")


def test_torchscript_weights_of_other_number_formats_are_refused(tmp_path: Path) -> None:
    weight = torch.ones(2, 2, dtype=torch.float64)
    path = tmp_path / "x.pt"

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ weight

    torch.jit.freeze(torch.jit.trace(Module().eval(), torch.zeros(2, 2, dtype=torch.float64))).save(str(path))
    with pytest.raises(ArtifactError, match="a weight of float64; there can be float32"):
        prove_torchscript(path)
