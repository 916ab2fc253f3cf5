"""Plain arrays: `layout`, `weight_0`, `bias_0`, `weight_1`, ... in an uncompressed `.npz` file."""

from pathlib import Path

import numpy as np

from profiler.artifacts.protocol import ExportSource


def write(source: ExportSource, path: Path) -> tuple[Path, ...]:
    """Write the layers as an `.npz` file, each weight contiguous in the layout that is asked for."""
    content = {"layout": np.array(source.layout.value)}
    for index, layer in enumerate(source.layers):
        content[f"weight_{index}"] = layer.weight.stored_as(source.layout).values
        if layer.bias is not None:
            content[f"bias_{index}"] = layer.bias
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **content)
    return ()
