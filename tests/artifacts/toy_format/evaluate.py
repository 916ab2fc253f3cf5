"""Computes what both files say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from profiler.models.reference import activate
from profiler.models.workload import Workload

from . import files


def load(path: Path, workload: Workload) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function."""
    _, layers = files.load(path)

    def evaluate(x: np.ndarray) -> np.ndarray:
        for layer, activation in zip(layers, workload.activations, strict=True):
            x = x @ layer.weight.in_out
            x = activate(x if layer.bias is None else x + layer.bias, activation)
        return x

    return evaluate
