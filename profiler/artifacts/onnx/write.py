"""ONNX: the controlled form node by node, the idiomatic one through torch's own exporter."""

import logging
import warnings
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from profiler import __version__
from profiler.artifacts.weights import Layer, stored_layers
from profiler.base.errors import ExportError
from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Activation, Workload

OPSET = 17  # read by ONNX Runtime 1.12 and newer
IR_VERSION = 8
MAX_FILE_BYTES = 2**31 - 1  # protobuf's limit for one message
MATRIX_RANK = 2
_ACTIVATIONS = {Activation.RELU: "Relu", Activation.TANH: "Tanh", Activation.LOG_SOFTMAX: "LogSoftmax"}


def controlled_onnx(workload: Workload, layers: list[Layer], layout: WeightLayout, *, input_rank: int) -> bytes:
    """A model of `Gemm(transB=1)` over `[out, in]` weights, or of `Gemm(transB=0)` over `[in, out]` ones.

    `Gemm` takes matrices only. For any other input rank the leading dimensions are folded into one before the first
    and unfolded after the last, by the same operators in both layouts, so that the stored layout survives.
    """
    _refuse_oversize(workload)
    builder = _Builder()
    value = "x" if input_rank == MATRIX_RANK else builder.fold_batch("x", workload.in_features)
    last = len(layers) - 1
    for index, (weight, bias) in enumerate(stored_layers(layers, layout)):
        value = builder.gemm(value, weight, bias, index=index, transposed=layout is WeightLayout.OUT_IN)
        value = builder.activate(value, workload.output if index == last else workload.hidden, index=index)
    if input_rank == MATRIX_RANK:
        builder.finish()
    else:
        builder.unfold_batch(value, "x", workload.out_features)
    return _serialize(builder, workload, input_rank)


def idiomatic_onnx(network: MLP, *, input_rank: int) -> bytes:
    """What `torch.onnx.export(dynamo=True)` makes of the module as people write it.

    Raises:
        ExportError: torch's exporter failed.
    """
    workload = network.workload
    _refuse_oversize(workload)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which nothing here needs
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    x = torch.zeros(*range(2, 1 + input_rank), workload.in_features)  # sizes of 0 and 1 would be taken for constants
    dynamic = dict.fromkeys(range(input_rank - 1), torch.export.Dim.DYNAMIC)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network, (x,), dynamo=True, dynamic_shapes=(dynamic,) if dynamic else None, verbose=False
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise ExportError(f"torch cannot export {workload.name} to ONNX: {str(error).splitlines()[0]}") from error
    if program is None:
        raise ExportError(f"torch's ONNX exporter returned nothing for {workload.name}")
    content: bytes = program.model_proto.SerializeToString()
    return content


def identity_onnx(workload: Workload, *, input_rank: int) -> bytes:
    """A model without layers: the input, cut off or padded to the size of the output."""
    builder = _Builder()
    missing = workload.out_features - workload.in_features
    if missing > 0:
        ends = [0] * (2 * input_rank - 1) + [missing]
        builder.add("Pad", ["x", builder.constant("ends", np.array(ends))], "y")
    elif missing < 0:
        bounds = {"starts": 0, "ends": workload.out_features, "axes": -1}
        names = [builder.constant(name, np.array([value])) for name, value in bounds.items()]
        builder.add("Slice", ["x", *names], "y")
    else:
        builder.add("Identity", ["x"], "y")
    return _serialize(builder, workload, input_rank)


class _Builder:
    """Collects nodes and initializers."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, array: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def gemm(self, x: str, weight: np.ndarray, bias: np.ndarray | None, *, index: int, transposed: bool) -> str:
        inputs = [x, self.constant(f"weight_{index}", weight)]
        if bias is not None:
            inputs.append(self.constant(f"bias_{index}", bias))
        return self.add("Gemm", inputs, f"linear_{index}", transB=int(transposed))

    def activate(self, x: str, activation: Activation, *, index: int) -> str:
        if activation is Activation.NONE:
            return x
        attributes = {"axis": -1} if activation is Activation.LOG_SOFTMAX else {}
        return self.add(_ACTIVATIONS[activation], [x], f"activation_{index}", **attributes)

    def fold_batch(self, x: str, features: int) -> str:
        return self.add("Reshape", [x, self.constant("rows", np.array([-1, features]))], "folded")

    def unfold_batch(self, value: str, x: str, features: int) -> None:
        self.add("Shape", [x], "leading", start=0, end=-1)
        self.add("Concat", ["leading", self.constant("features", np.array([features]))], "shape", axis=0)
        self.add("Reshape", [value, "shape"], "y")

    def finish(self) -> None:
        """Make the output of the last node the model's."""
        self.nodes[-1].output[0] = "y"


def _serialize(builder: _Builder, workload: Workload, input_rank: int) -> bytes:
    leading: list[str | int] = [f"batch_{axis}" for axis in range(input_rank - 1)]
    graph = helper.make_graph(
        builder.nodes,
        workload.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [*leading, workload.in_features])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [*leading, workload.out_features])],
        builder.initializers,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="layout-profiler",
        producer_version=__version__,
    )
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _refuse_oversize(workload: Workload) -> None:
    needed = workload.weight_bytes(NumberFormat.FLOAT32)
    if needed >= MAX_FILE_BYTES - (1 << 20):
        raise ExportError(
            f"{workload.name} has {needed / 2**30:.1f} GiB of weights and an ONNX file holds at most 2 GiB; "
            "export it with --format arrays or --format torchscript"
        )
