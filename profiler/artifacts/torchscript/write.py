"""TorchScript: a network of torch, in the layout and form that is asked for, as one file."""

from pathlib import Path

from profiler.artifacts.protocol import ExportSource
from profiler.artifacts.records import Form
from profiler.artifacts.torchscript.trace import traced
from profiler.models.networks import MLP
from profiler.models.number_format import NumberFormat


def write(source: ExportSource, path: Path) -> tuple[Path, ...]:
    """Write the network as a TorchScript file."""
    network = source.network.with_layout(source.layout, strict_linear=source.form is Form.CONTROLLED)
    path.write_bytes(torchscript(network, dtype=source.dtype))
    return ()


def torchscript(network: MLP, *, dtype: NumberFormat = NumberFormat.FLOAT32) -> bytes:
    """The network as a TorchScript file whose constants keep the strides of the stored layout.

    Controlled networks hold `aten::linear` in both layouts, over a contiguous `[out, in]` weight or over the
    transposed view of a contiguous `[in, out]` one. Idiomatic ones hold `aten::matmul` and `aten::add` for `IN_OUT`.
    """
    return traced(network, network.workload.in_features, dtype=dtype.activations)
