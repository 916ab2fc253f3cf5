"""The runtime: numpy over toy files."""

from pathlib import Path

from profiler.models.workload import Workload
from profiler.runtimes.numpy import NumpyModel, NumpyRuntime

from .files import load


class Toy(NumpyRuntime):
    """Clock, surroundings and identity model are numpy's."""

    def load(self, path: Path, workload: Workload, *, threads: int) -> NumpyModel:
        """Read both files."""
        header, layers = load(path)
        return NumpyModel(header.layout, layers, workload)
