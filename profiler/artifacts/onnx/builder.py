"""Builds an ONNX model node by node."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from profiler import __version__
from profiler.artifacts.onnx.types import TENSOR_TYPES
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.weight import Layer
from profiler.models.workload import Activation, Workload

OPSET = 17  # read by ONNX Runtime 1.12 and newer
IR_VERSION = 8
_ACTIVATIONS = {Activation.RELU: "Relu", Activation.TANH: "Tanh", Activation.LOG_SOFTMAX: "LogSoftmax"}


class Builder:
    """Collects nodes and initializers, and makes a model of them."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add an initializer and return its name."""
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def gemm(self, x: str, layer: Layer, *, index: int) -> str:
        """Add a `Gemm` over a weight as it is stored, its layout told by `transB`; return the name of its output."""
        inputs = [x, self.constant(f"weight_{index}", layer.weight.values)]
        if layer.bias is not None:
            inputs.append(self.constant(f"bias_{index}", layer.bias))
        transposed = layer.weight.layout is WeightLayout.OUT_IN
        return self.add("Gemm", inputs, f"linear_{index}", transB=int(transposed))

    def activate(self, x: str, activation: Activation, *, index: int) -> str:
        """Add the operator of an activation, if there is one, and return the name of its output."""
        if activation is Activation.NONE:
            return x
        attributes = {"axis": -1} if activation is Activation.LOG_SOFTMAX else {}
        return self.add(_ACTIVATIONS[activation], [x], f"activation_{index}", **attributes)

    def fold_batch(self, x: str, features: int) -> str:
        """Add the operator that makes one of all leading dimensions, and return the name of its output."""
        return self.add("Reshape", [x, self.constant("rows", np.array([-1, features]))], "folded")

    def unfold_batch(self, value: str, x: str, features: int) -> None:
        """Add the operators that give the output the leading dimensions of `x`, and make it the model's."""
        self.add("Shape", [x], "leading", start=0, end=-1)
        self.add("Concat", ["leading", self.constant("features", np.array([features]))], "shape", axis=0)
        self.add("Reshape", [value, "shape"], "y")

    def finish(self) -> None:
        """Make the output of the last node the model's."""
        self.nodes[-1].output[0] = "y"

    def model(self, workload: Workload, *, dtype: NumberFormat, input_rank: int) -> bytes:
        """The model, checked, for inputs of that rank in the number format of activations beside such weights."""
        leading: list[str | int] = [f"batch_{axis}" for axis in range(input_rank - 1)]
        kind = TENSOR_TYPES[dtype.activations]
        graph = helper.make_graph(
            self.nodes,
            workload.label,
            [helper.make_tensor_value_info("x", kind, [*leading, workload.in_features])],
            [helper.make_tensor_value_info("y", kind, [*leading, workload.out_features])],
            self.initializers,
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
