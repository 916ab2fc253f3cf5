"""The identity models: they hand the input on in the shape of the output, in every format, and hold no layer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from profiler.artifacts.build import export_bundle
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.onnx.identity import write_identity as write_onnx_identity
from profiler.artifacts.onnx.write import controlled_onnx
from profiler.artifacts.proof import prove_identity
from profiler.artifacts.protocol import Inputs
from profiler.artifacts.torchscript.identity import write_identity as write_torchscript_identity
from profiler.artifacts.weights import draw_network, out_in_layers
from profiler.base.errors import ArtifactError
from profiler.models.identity import Identity
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, linear_workload
from profiler.runtimes.numpy import NumpyRuntime
from profiler.runtimes.onnxruntime import OnnxRuntime

FLOAT32 = NumberFormat.FLOAT32
SHAPES = {"cut": (12, 5), "padded": (5, 12), "as it is": (7, 7), "to one": (9, 1), "from one": (1, 9)}
BATCHES = {1: (), 2: (4,), 3: (2, 3)}


def workload(shape: str) -> Workload:
    in_features, out_features = SHAPES[shape]
    return linear_workload(LinearShape(in_features=in_features, out_features=out_features), batch_shapes=((1,),))


def handed_on(x: np.ndarray, out_features: int) -> np.ndarray:
    """Cut off at its end or padded with zeros."""
    y = np.zeros((*x.shape[:-1], out_features), np.float32)
    common = min(x.shape[-1], out_features)
    y[..., :common] = x[..., :common]
    return y


def example(shape: str, rank: int) -> tuple[np.ndarray, np.ndarray]:
    in_features, out_features = SHAPES[shape]
    x = np.random.default_rng(1).standard_normal((*BATCHES[rank], in_features)).astype(np.float32)
    return x, handed_on(x, out_features)


@pytest.mark.parametrize("rank", BATCHES)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_onnx_identity_hands_its_input_on_and_is_proved_to(tmp_path: Path, shape: str, rank: int) -> None:
    path = tmp_path / "identity.onnx"
    assert write_onnx_identity(workload(shape), path, dtype=FLOAT32, inputs=Inputs(rank)) == ()
    prove_identity(path, "onnx")
    x, y = example(shape, rank)
    model = OnnxRuntime().load_identity(path, workload(shape), threads=1)
    assert np.array_equal(model.output(x), y)
    model.bind(x)()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_torchscript_identity_hands_inputs_of_any_rank_on_and_is_proved_to(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "identity.pt"
    assert write_torchscript_identity(workload(shape), path, dtype=FLOAT32, inputs=Inputs()) == ()
    prove_identity(path, "torchscript")
    module = torch.jit.load(path)
    for rank in BATCHES:
        x, y = example(shape, rank)
        assert np.array_equal(module(torch.from_numpy(x)).numpy(), y)


@pytest.mark.parametrize("rank", BATCHES)
@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_have_an_identity_without_a_file(shape: str, rank: int) -> None:
    x, y = example(shape, rank)
    model = NumpyRuntime().load_identity(None, workload(shape), threads=1)
    assert np.array_equal(model.output(x), y)
    model.bind(x)()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_module_gives_a_copy_and_never_the_input_itself(shape: str) -> None:
    """A call that only hands a pointer on would cost less than a network's input and output."""
    in_features, out_features = SHAPES[shape]
    x = torch.randn(3, in_features)
    y = Identity(in_features, out_features)(x)
    assert np.array_equal(y.numpy(), handed_on(x.numpy(), out_features))
    y += 1
    assert not torch.equal(x[:, : y.shape[1]], y[:, : x.shape[1]])


@pytest.mark.parametrize("shape", ["cut", "padded", "as it is"])
def test_a_bundle_of_any_shape_holds_its_identity_models(tmp_path: Path, shape: str) -> None:
    """One for every rank in ONNX, one for all in TorchScript, none for arrays."""
    in_features, out_features = SHAPES[shape]
    layer = linear_workload(
        LinearShape(in_features=in_features, out_features=out_features), batch_shapes=((), (2,), (2, 3))
    )
    manifest = export_bundle([layer], tmp_path / "b", suite="x")
    found = {(identity.format, identity.input_rank) for identity in manifest.identities}
    assert found == {("onnx", rank) for rank in (1, 2, 3)} | {("torchscript", None)}
    for identity in manifest.identities:
        prove_identity(open_bundle(tmp_path / "b").path_of(identity), identity.format)


def test_the_formats_asked_for_have_identity_models_and_no_other(tmp_path: Path) -> None:
    for file_format, count in (("arrays", 0), ("torchscript", 1), ("onnx", 1)):
        manifest = export_bundle([workload("cut")], tmp_path / file_format, suite="x", formats=[file_format])
        assert [identity.format for identity in manifest.identities] == [file_format] * count


def test_a_real_layer_is_no_identity_model_in_any_format(exported: Path) -> None:
    for name, file_format in (
        ("linear-24x40/onnx-controlled-out_in-rank2.onnx", "onnx"),
        ("linear-24x40/onnx-controlled-in_out-rank3.onnx", "onnx"),
        ("linear-24x40/onnx-idiomatic-in_out-rank2.onnx", "onnx"),
        ("linear-24x40/torchscript-controlled-out_in.pt", "torchscript"),
        ("linear-24x40/torchscript-idiomatic-in_out.pt", "torchscript"),
        ("iris/torchscript-controlled-in_out.pt", "torchscript"),
    ):
        with pytest.raises(ArtifactError, match="is no identity model"):
            prove_identity(exported / name, file_format)


def save(path: Path, nodes: list[onnx.NodeProto], *weights: tuple[str, np.ndarray]) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, name) for name, weight in weights],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("Identity", ["x"], ["z"]), helper.make_node("Tanh", ["z"], ["y"])],
        [helper.make_node("Identity", ["x"], ["z"]), helper.make_node("Gemm", ["z", "w"], ["y"])],
        [helper.make_node("Loop", ["x"], ["y"])],
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        [],
    ],
    ids=["an activation", "a layer behind it", "a loop", "a product", "nothing"],
)
def test_a_forged_onnx_identity_is_refused(tmp_path: Path, nodes: list[onnx.NodeProto]) -> None:
    """It would be taken off both layouts as overhead, and so invent a ratio."""
    path = save(tmp_path / "x.onnx", nodes, ("w", np.eye(3, dtype=np.float32)))
    with pytest.raises(ArtifactError):
        prove_identity(path, "onnx")


@pytest.mark.parametrize(
    "function",
    [torch.tanh, lambda x: torch.nn.functional.linear(x, torch.ones(2, 2)), lambda x: (x + x).clone()],
    ids=["an activation", "a layer", "a sum"],
)
def test_a_forged_torchscript_identity_is_refused(
    tmp_path: Path, function: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return function(x)

    path = tmp_path / "x.pt"
    torch.jit.freeze(torch.jit.trace(Module().eval(), torch.zeros(2, 2))).save(str(path))
    with pytest.raises(ArtifactError):
        prove_identity(path, "torchscript")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 100])
def test_a_damaged_identity_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    for file_format in ("onnx", "torchscript"):
        with pytest.raises(ArtifactError):
            prove_identity(tmp_path / "x", file_format)
        with pytest.raises(ArtifactError):
            prove_identity(tmp_path / "missing", file_format)


def test_a_layer_is_not_taken_for_an_identity_because_of_its_size(tmp_path: Path) -> None:
    layer = workload("to one")
    layers = out_in_layers(draw_network(layer, seed=1))
    for layout in WeightLayout:
        (tmp_path / "x.onnx").write_bytes(controlled_onnx(layer, layers, layout, input_rank=2))
        with pytest.raises(ArtifactError, match="no identity model, it holds Gemm"):
            prove_identity(tmp_path / "x.onnx", "onnx")
