"""numpy: `x @ W.T` and `x @ W` through the BLAS it was built with. Runs on every board, 32-bit ones too."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from profiler.artifacts.arrays.prove import load_layers
from profiler.machine.surroundings import look_around
from profiler.models.layout import WeightLayout
from profiler.models.reference import activate
from profiler.models.weight import Layer
from profiler.models.workload import Activation, Workload
from profiler.session.records import Executed, ExecutedLayout


class NumpyRuntime:
    """numpy, whose threads are set by the environment before it is imported: `OPENBLAS_NUM_THREADS` and its like."""

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns
        self.surroundings = look_around

    def load(self, path: Path, workload: Workload, *, threads: int) -> "NumpyModel":  # noqa: ARG002 - see above
        """Read the arrays, each weight in the layout that it is stored in."""
        layout, layers = load_layers(path)
        return NumpyModel(layout, layers, workload)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "NumpyIdentity":  # noqa: ARG002
        """The identity model, a copy that needs no file."""
        return NumpyIdentity(workload)


class NumpyModel:
    """Linear layers that numpy computes one after the other."""

    def __init__(self, layout: WeightLayout, layers: list[Layer], workload: Workload) -> None:
        self._layout = layout
        self._factors = [(layer.weight.in_out, layer.bias) for layer in layers]
        self._activations = workload.activations

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        value = x
        for (factor, bias), activation in zip(self._factors, self._activations, strict=True):
            value = np.matmul(value, factor)
            if bias is not None:
                value += bias
            value = activate(value, activation)
        return value

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that computes the output for `x`; a bare layer writes into one output that is allocated beforehand."""
        if len(self._factors) > 1 or self._activations[-1] is not Activation.NONE:
            return lambda: self.output(x)
        factor, bias = self._factors[0]
        out = np.empty((*x.shape[:-1], factor.shape[1]), dtype=x.dtype)
        if bias is None:
            return lambda: np.matmul(x, factor, out)

        def call() -> object:
            np.matmul(x, factor, out)
            return np.add(out, bias, out)

        return call

    def executed(self) -> Executed:
        """BLAS reads either layout in place: numpy hands it a transposition flag, told by the strides."""
        strides = self._factors[0][0].strides
        return Executed(
            layout=ExecutedLayout(self._layout.value),
            operator="x @ W.T" if self._layout is WeightLayout.OUT_IN else "x @ W",
            known_by=f"the strides {strides} handed to np.matmul",
            extra_copies=0,
        )


class NumpyIdentity:
    """The input copied into the output, cut off at its end or padded with zeros."""

    def __init__(self, workload: Workload) -> None:
        self._out_features = workload.out_features
        self._common = min(workload.in_features, workload.out_features)

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        out = np.zeros((*x.shape[:-1], self._out_features), dtype=x.dtype)
        np.copyto(out[..., : self._common], x[..., : self._common])
        return out

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that copies `x` into an output that is allocated beforehand."""
        out = self.output(x)
        source, target = x[..., : self._common], out[..., : self._common]
        return lambda: np.copyto(target, source)

    def executed(self) -> Executed:
        """The identity model executes a copy and reads no weights."""
        return Executed(layout=ExecutedLayout.UNKNOWN, operator="copy", known_by="it is written so")
