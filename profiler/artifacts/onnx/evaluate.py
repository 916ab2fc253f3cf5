"""Computes what an ONNX file says by the reference evaluator of `onnx`, which shares no code with a runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from profiler.models.workload import Workload


def load(path: Path, workload: Workload) -> Callable[[np.ndarray], np.ndarray]:  # noqa: ARG001 - the file says all
    """The model as a function, `[..., in_features] -> [..., out_features]`."""
    session = ReferenceEvaluator(onnx.load(path))
    return lambda x: np.asarray(next(iter(session.run(None, {session.input_names[0]: x}))))
