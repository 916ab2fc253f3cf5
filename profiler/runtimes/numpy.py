"""numpy: `x @ W.T` and `x @ W` through the BLAS it was built with. Runs on every board, 32-bit ones too."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.layout import WeightLayout
from models.reference import activate
from models.workload import Activation, Workload
from profiler.proof.arrays import Layer, load_layers
from profiler.records import Executed, ExecutedLayout


class NumpyRuntime:
    """Threads are set by the environment before numpy is imported: `OPENBLAS_NUM_THREADS` and its like."""

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns

    def load(self, path: Path, workload: Workload, *, threads: int) -> "NumpyModel":  # noqa: ARG002 - see above
        """Read the arrays."""
        layout, layers = load_layers(path)
        return NumpyModel(layout, layers, workload)


class NumpyModel:
    """Layers in numpy."""

    def __init__(self, layout: WeightLayout, layers: list[Layer], workload: Workload) -> None:
        self._layout = layout
        self._factors = [(weight.T if layout is WeightLayout.OUT_IN else weight, bias) for weight, bias in layers]
        self._activations = [*[workload.hidden] * (len(layers) - 1), workload.output]

    def answer(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        value = x
        for (factor, bias), activation in zip(self._factors, self._activations, strict=True):
            value = np.matmul(value, factor)
            if bias is not None:
                value += bias
            value = activate(value, activation)
        return value

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """The call; a bare layer writes into one output that is allocated beforehand."""
        if len(self._factors) > 1 or self._activations[-1] is not Activation.NONE:
            return lambda: self.answer(x)
        factor, bias = self._factors[0]
        out = np.empty((*x.shape[:-1], factor.shape[1]), dtype=np.float32)
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
        )
