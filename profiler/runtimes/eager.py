"""Eager torch: Python calls one operator after the other, over weights in either layout."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from profiler.artifacts.arrays.prove import load_layers
from profiler.models.layout import WeightLayout
from profiler.models.workload import Activation, Workload
from profiler.runtimes.torchbase import TorchRuntime
from profiler.session.records import Executed, ExecutedLayout

_ACTIVATIONS: dict[Activation, Callable[[torch.Tensor], torch.Tensor]] = {
    Activation.RELU: torch.relu,
    Activation.TANH: torch.tanh,
    Activation.LOG_SOFTMAX: functools.partial(torch.log_softmax, dim=-1),
}
_RIGHT_SIDE = {"aten::addmm": 2, "aten::mm": 1, "aten::mv": 0, "aten::bmm": 1}


@dataclasses.dataclass(frozen=True)
class EagerLayer:
    """One layer: `factor` is `[out, in]` where `is_linear`, which calls `F.linear`, else `[in, out]`."""

    factor: torch.Tensor
    bias: torch.Tensor | None
    is_linear: bool
    activation: Activation

    def product(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The layer without its activation, `[..., in] -> [..., out]`, as short as people write it."""
        factor, bias = self.factor, self.bias
        if self.is_linear:
            return lambda x: functional.linear(x, factor, bias)
        if bias is None:
            return lambda x: x @ factor
        return lambda x: x @ factor + bias


class EagerRuntime(TorchRuntime):
    """What people write for each layout: `F.linear(x, W, b)` over `[out, in]`, `x @ W + b` over `[in, out]`."""

    always_linear = False

    def load(self, path: Path, workload: Workload, *, threads: int) -> "EagerModel":
        """Read the arrays into memory that torch allocates, and so aligns, as it does for a module's parameters."""
        torch.set_num_threads(threads)
        layout, stored = load_layers(path)
        is_linear = self.always_linear or layout is WeightLayout.OUT_IN
        layers = []
        for layer, activation in zip(stored, workload.activations, strict=True):
            factor = torch.from_numpy(layer.weight.values).clone()
            if is_linear and layout is WeightLayout.IN_OUT:
                factor = factor.T  # the shape of nn.Linear's weight, the bytes of the other layout: strides (1, out)
            own_bias = None if layer.bias is None else torch.from_numpy(layer.bias).clone()
            layers.append(EagerLayer(factor, own_bias, is_linear, activation))
        return EagerModel(layout, layers)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "EagerIdentity":  # noqa: ARG002
        """The identity model, a copy that needs no file."""
        torch.set_num_threads(threads)
        return EagerIdentity(workload)


class EagerLinearRuntime(EagerRuntime):
    """`F.linear` for both layouts: a contiguous `[in, out]` matrix is viewed as `[out, in]` (column-major)."""

    always_linear = True


class EagerViewRuntime(EagerRuntime):
    """What a transposition costs a call: `x @ W.T + b`, the view made at every call or once beforehand.

    Both arms read the bytes of `[out, in]` by one kernel. The out_in arm makes its view in every call; the in_out arm
    copies its weight to `[out, in]` at load and makes the view there.
    """

    def load(self, path: Path, workload: Workload, *, threads: int) -> "EagerViewModel":
        """Read the arrays, and copy each weight to `[out, in]` in memory that torch allocates."""
        torch.set_num_threads(threads)
        layout, stored = load_layers(path)
        is_out_in = layout is WeightLayout.OUT_IN
        layers = [
            ViewLayer(
                torch.from_numpy(np.ascontiguousarray(layer.weight.out_in)).clone(),
                None if layer.bias is None else torch.from_numpy(layer.bias).clone(),
                is_out_in,
                activation,
            )
            for layer, activation in zip(stored, workload.activations, strict=True)
        ]
        return EagerViewModel(layout, list(layers))


@dataclasses.dataclass(frozen=True)
class ViewLayer(EagerLayer):
    """A layer over `[out, in]`, whose transposed view is made at every call where `is_linear`, else once."""

    def product(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The layer without its activation, `[..., in] -> [..., out]`."""
        factor, bias = self.factor, self.bias
        view = factor.T
        if bias is None:
            return (lambda x: x @ factor.T) if self.is_linear else (lambda x: x @ view)
        return (lambda x: x @ factor.T + bias) if self.is_linear else (lambda x: x @ view + bias)


class EagerModel:
    """Linear layers that eager torch calls one after the other."""

    def __init__(self, layout: WeightLayout, layers: list[EagerLayer]) -> None:
        self._layout = layout
        self._layers = layers
        self._steps: list[Callable[[torch.Tensor], torch.Tensor]] = []
        for layer in layers:
            self._steps.append(layer.product())
            if layer.activation is not Activation.NONE:
                self._steps.append(_ACTIVATIONS[layer.activation])

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        return np.asarray(self._forward(torch.from_numpy(x)).numpy())

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that computes the output for `x`; a bare layer is called without a loop around it."""
        return functools.partial(self._steps[0] if len(self._steps) == 1 else self._forward, torch.from_numpy(x))

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        for step in self._steps:
            x = step(x)
        return x

    def executed(self) -> Executed:
        """The operators that reach torch's dispatcher below Python, and the strides of the weights handed to them."""
        with _Recorder() as recorder:
            self._forward(torch.zeros(1, self._layers[0].factor.shape[1 if self._layers[0].is_linear else 0]))
        written = "F.linear" if self._layers[0].is_linear else "x @ W"
        below = ", ".join(dict.fromkeys(product.operator for product in recorder.products))
        strides = ", ".join(dict.fromkeys(str(product.strides) for product in recorder.products))
        return Executed(
            layout=self._executed_layout(recorder.products),
            operator=f"{written} ({below})",
            known_by=f"operators seen by torch's dispatcher; strides of the [in, out] right side {strides}",
            extra_copies=0,
        )

    def _executed_layout(self, products: list["Product"]) -> ExecutedLayout:
        found = [product.layouts for product in products]
        places = [product.place for product in products]
        if places != [layer.factor.data_ptr() for layer in self._layers]:
            return ExecutedLayout.UNKNOWN  # a kernel was handed something else than our weights
        common = [layout for layout in WeightLayout if all(layout in layouts for layouts in found)]
        if self._layout in common:
            return ExecutedLayout(self._layout.value)
        return ExecutedLayout(common[0].value) if common else ExecutedLayout.UNKNOWN


class EagerViewModel(EagerModel):
    """Layers that all read `[out, in]` bytes through a transposed view."""

    def executed(self) -> Executed:
        """The bytes that the dispatcher saw, and when the view is made."""
        x = torch.zeros(1, self._layers[0].factor.shape[1])
        with _Recorder() as recorder:
            self._forward(x)
        is_out_in = self._layout is WeightLayout.OUT_IN
        strides = ", ".join(dict.fromkeys(str(product.strides) for product in recorder.products))
        return Executed(
            layout=ExecutedLayout.OUT_IN,
            operator=f"x @ W.T, viewed {'at every call' if is_out_in else 'once'}",
            known_by=f"operators seen by torch's dispatcher; strides of the [in, out] right side {strides}",
            rewritten="" if is_out_in else "weights copied in the other order at load",
            extra_copies=0,
        )


@dataclasses.dataclass(frozen=True)
class Product:
    """A matrix product as the dispatcher saw it: its operator, and its `[in, out]` right side."""

    operator: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    place: int

    @property
    def layouts(self) -> list[WeightLayout]:
        """The layouts that the bytes are in: both for a single row or column, neither for anything but a matrix."""
        if len(self.shape) != 2:  # noqa: PLR2004 - a matrix
            return []
        rows, columns = self.shape
        is_in_out = self.strides == (columns, 1)
        is_out_in = self.strides == (1, rows)
        if min(rows, columns) == 1:
            return list(WeightLayout)
        return [WeightLayout.OUT_IN] * is_out_in + [WeightLayout.IN_OUT] * is_in_out


class _Recorder(TorchDispatchMode):
    """Notes every matrix product that is called while it is entered; operators made of others are taken apart."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products: list[Product] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().partition(".")[0]
        if name in {"aten::linear", "aten::matmul"}:
            with self:
                parts = func.decompose(*args, **(kwargs or {}))
            if parts is not NotImplemented:
                return parts
        if name in _RIGHT_SIDE or name in {"aten::linear", "aten::matmul"}:
            right = args[_RIGHT_SIDE.get(name, 1)]
            self.products.append(Product(name, tuple(right.shape), tuple(right.stride()), right.data_ptr()))
        return func(*args, **(kwargs or {}))


class EagerIdentity:
    """The input copied into the output, cut off at its end or padded with zeros."""

    def __init__(self, workload: Workload) -> None:
        self._out_features = workload.out_features
        self._missing = workload.out_features - workload.in_features

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        if self._missing > 0:
            return functional.pad(x, (0, self._missing))
        return torch.narrow(x, -1, 0, self._out_features).clone()

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        return np.asarray(self._forward(torch.from_numpy(x)).numpy())

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that copies `x` into a new output."""
        return functools.partial(self._forward, torch.from_numpy(x))

    def executed(self) -> Executed:
        """The identity model executes a copy and reads no weights."""
        return Executed(layout=ExecutedLayout.UNKNOWN, operator="copy", known_by="it is written so")
