"""A TorchScript module without layers: the input, cut off or padded to the size of the output."""

from pathlib import Path

from profiler.artifacts.protocol import Inputs
from profiler.artifacts.torchscript.trace import traced
from profiler.models.identity import Identity
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload


def write_identity(
    workload: Workload,
    path: Path,
    *,
    dtype: NumberFormat,
    inputs: Inputs,  # noqa: ARG001 - one file takes any
) -> tuple[Path, ...]:
    """Write the module, for inputs in the number format of activations beside such weights."""
    module = Identity(workload.in_features, workload.out_features)
    path.write_bytes(traced(module, workload.in_features, dtype=dtype.activations))
    return ()
