"""The reference kernels as runtimes: each runs its one loop order over whichever layout is stored."""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from profiler.artifacts.arrays.prove import load_layers
from profiler.base.errors import RefusalError
from profiler.machine.surroundings import look_around
from profiler.models.layout import WeightLayout
from profiler.models.reference import activate
from profiler.models.weight import Layer
from profiler.models.workload import Activation, Workload
from profiler.runtimes import loops
from profiler.session.records import Executed, ExecutedLayout

Kernel = Callable[..., None]
_MATRIX, _VECTOR = "float32[:,::1]", "float32[::1]"
LAYER = f"void({_MATRIX}, {_MATRIX}, {_VECTOR}, {_MATRIX})"
IDENTITY = f"void({_MATRIX}, {_MATRIX})"


def compile_kernel(loop: Kernel, signature: str) -> Any:
    """Machine code for one signature: no fast maths, no bounds checks, nothing kept on disk."""
    return numba.njit(signature, error_model="numpy", boundscheck=False, fastmath=False, cache=False)(loop)


class ReferenceRuntime:
    """Naive loops, compiled when it is set up, so that neither loading nor a first call pays for it."""

    kernels: dict[WeightLayout, Kernel]
    order: str

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns
        self.surroundings = look_around
        self._compiled = {layout: compile_kernel(loop, LAYER) for layout, loop in self.kernels.items()}
        self._copy = compile_kernel(loops.copy_rows, IDENTITY)

    def load(self, path: Path, workload: Workload, *, threads: int) -> "ReferenceModel":
        """Read the arrays, each weight in the layout that it is stored in.

        Raises:
            RefusalError: more than one thread is asked for.
        """
        _refuse_threads(threads)
        layout, layers = load_layers(path)
        return ReferenceModel(self._compiled[layout], self.order, layout, layers, workload)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "ReferenceIdentity":  # noqa: ARG002
        """The identity model, a copy that needs no file."""
        _refuse_threads(threads)
        return ReferenceIdentity(self._copy, workload)


def _refuse_threads(threads: int) -> None:
    if threads != 1:
        raise RefusalError(f"the reference kernels use one thread, not {threads}; measure them with --threads 1")


class DotRuntime(ReferenceRuntime):
    """Dot-product order: one output at a time."""

    kernels = {WeightLayout.OUT_IN: loops.dot_out_in, WeightLayout.IN_OUT: loops.dot_in_out}  # noqa: RUF012
    order = "for row: for out: for in"


class RowRuntime(ReferenceRuntime):
    """Row order: one input at a time is added to all outputs."""

    kernels = {WeightLayout.OUT_IN: loops.row_out_in, WeightLayout.IN_OUT: loops.row_in_out}  # noqa: RUF012
    order = "for row: for in: for out"


class BlockedRuntime(ReferenceRuntime):
    """Row order within tiles that are copied first."""

    kernels = {WeightLayout.OUT_IN: loops.blocked_out_in, WeightLayout.IN_OUT: loops.blocked_in_out}  # noqa: RUF012
    order = f"for tile of {loops.TILE}x{loops.TILE}: copy, then for row: for in: for out"


class ReferenceModel:
    """Linear layers that naive loops compute one after the other."""

    def __init__(
        self, kernel: Kernel, order: str, layout: WeightLayout, layers: list[Layer], workload: Workload
    ) -> None:
        self._kernel = kernel
        self._order = order
        self._layout = layout
        self._layers = [
            (
                layer.weight.values,
                np.zeros(layer.weight.out_features, np.float32) if layer.bias is None else layer.bias,
            )
            for layer in layers
        ]
        self._activations = workload.activations

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        value = np.ascontiguousarray(x.reshape(-1, x.shape[-1]))
        for (weight, bias), activation in zip(self._layers, self._activations, strict=True):
            out = np.empty((value.shape[0], bias.shape[0]), np.float32)
            self._kernel(value, weight, bias, out)
            value = np.ascontiguousarray(activate(out, activation))
        return value.reshape(*x.shape[:-1], value.shape[-1])

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that computes the output for `x`; a bare layer writes into one output that is allocated beforehand."""
        if len(self._layers) > 1 or self._activations[-1] is not Activation.NONE:
            return functools.partial(self.output, x)
        weight, bias = self._layers[0]
        rows = np.ascontiguousarray(x.reshape(-1, x.shape[-1]))
        out = np.empty((rows.shape[0], bias.shape[0]), np.float32)
        return functools.partial(self._kernel, rows, weight, bias, out)

    def executed(self) -> Executed:
        """The loops are ours, and are handed the stored bytes."""
        strides = self._layers[0][0].strides
        return Executed(
            layout=ExecutedLayout(self._layout.value),
            operator=self._order,
            known_by=f"the loops are written so, and handed the stored weight with strides {strides}",
            extra_copies=0,
        )


class ReferenceIdentity:
    """The input copied into the output by a loop, cut off at its end or padded with zeros."""

    def __init__(self, kernel: Kernel, workload: Workload) -> None:
        self._kernel = kernel
        self._out_features = workload.out_features

    def _arrays(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.ascontiguousarray(x.reshape(-1, x.shape[-1]))
        return rows, np.zeros((rows.shape[0], self._out_features), np.float32)

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        rows, out = self._arrays(x)
        self._kernel(rows, out)
        return out.reshape(*x.shape[:-1], self._out_features)

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that copies `x` into an output that is allocated beforehand."""
        return functools.partial(self._kernel, *self._arrays(x))

    def executed(self) -> Executed:
        """The identity model executes a copy and reads no weights."""
        return Executed(layout=ExecutedLayout.UNKNOWN, operator="copy", known_by="it is written so")
