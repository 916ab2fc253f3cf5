"""Writes a pair in two files each."""

from pathlib import Path

import numpy as np

from profiler.artifacts.protocol import ExportSource

from .files import Header, save


def write(source: ExportSource, path: Path) -> tuple[Path, ...]:
    """Write the header, and the weights and biases beside it."""
    layers = [layer.stored_as(source.layout) for layer in source.layers]
    arrays: list[np.ndarray] = []
    for layer in layers:
        arrays += [layer.weight.values, *([] if layer.bias is None else [layer.bias])]
    header = Header(
        dtype=source.dtype,
        layout=source.layout,
        dims=[(layer.weight.values.shape[0], layer.weight.values.shape[1]) for layer in layers],
        has_bias=layers[0].bias is not None,
    )
    return save(path, header, arrays)
