"""Computes what a TorchScript file says, by torch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from profiler.artifacts.torchscript.prove import load_module
from profiler.models.workload import Workload


def load(path: Path, workload: Workload) -> Callable[[np.ndarray], np.ndarray]:  # noqa: ARG001 - the file says all
    """The module as a function, `[..., in_features] -> [..., out_features]`."""
    module = load_module(path)

    def evaluate(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(x)).numpy())

    return evaluate
