"""Computes what an `.npz` file of plain arrays says, in numpy."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from profiler.artifacts.arrays.prove import load_layers
from profiler.models.reference import activate
from profiler.models.workload import Workload


def load(path: Path, workload: Workload) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function, `[..., in_features] -> [..., out_features]`."""
    _, layers = load_layers(path)

    def evaluate(x: np.ndarray) -> np.ndarray:
        value = x
        for layer, activation in zip(layers, workload.activations, strict=True):
            value = np.matmul(value, layer.weight.in_out)
            if layer.bias is not None:
                value = value + layer.bias
            value = activate(value, activation)
        return value

    return evaluate
