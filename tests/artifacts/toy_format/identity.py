"""Writes an identity model, in two files as well."""

from pathlib import Path

import numpy as np

from profiler.artifacts.protocol import Inputs
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload

from .files import Header, save


def write_identity(workload: Workload, path: Path, *, dtype: NumberFormat, inputs: Inputs) -> tuple[Path, ...]:
    """Write a header without layers, and what fills an output up."""
    assert inputs == Inputs()
    padding = np.zeros(max(0, workload.out_features - workload.in_features), dtype.numpy_name)
    return save(path, Header(dtype=dtype, layout=WeightLayout.OUT_IN, dims=[], has_bias=False), [padding])
