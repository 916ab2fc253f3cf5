"""Plain arrays: `layout`, `weight_0`, `bias_0`, `weight_1`, ... in an uncompressed `.npz` file."""

import io

import numpy as np

from profiler.artifacts.weights import Layer, stored_layers
from profiler.models.layout import WeightLayout


def arrays(layers: list[Layer], layout: WeightLayout) -> bytes:
    """The layers as an `.npz` file, each weight contiguous in `layout`."""
    content = {"layout": np.array(layout.value)}
    for index, (weight, bias) in enumerate(stored_layers(layers, layout)):
        content[f"weight_{index}"] = weight
        if bias is not None:
            content[f"bias_{index}"] = bias
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **content)
    return file.getvalue()
