"""An ONNX model without layers: the input, cut off or padded to the size of the output."""

from pathlib import Path

import numpy as np

from profiler.artifacts.onnx.builder import Builder
from profiler.artifacts.protocol import Inputs
from profiler.base.errors import ExportError
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload


def write_identity(workload: Workload, path: Path, *, dtype: NumberFormat, inputs: Inputs) -> tuple[Path, ...]:
    """Write the model for inputs of that rank, in the number format of activations beside such weights.

    Raises:
        ExportError: no rank was named.
    """
    input_rank = inputs.rank
    if input_rank is None:
        raise ExportError("an ONNX file declares the rank of its input")
    builder = Builder()
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
    path.write_bytes(builder.model(workload, dtype=dtype, input_rank=input_rank))
    return ()
