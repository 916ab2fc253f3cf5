"""Training steps in eager torch: forward, backward and both, with weights in either layout as parameters."""

import dataclasses
import functools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from profiler.artifacts.arrays.prove import load_layers
from profiler.machine.surroundings import look_around
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload
from profiler.runtimes.eager import EagerIdentity, EagerLayer, EagerModel
from profiler.session.records import Executed

_MATRIX = 2


@dataclasses.dataclass(frozen=True)
class TrainedLayer(EagerLayer):
    """A layer whose weight and bias are parameters.

    Both layouts run one operator on matrices, so that they differ in layout alone: `F.linear(x, W, b)` is
    `addmm(b, x, W.T)` below Python, and an `[in, out]` weight is given `addmm(b, x, W)`.
    """

    def product(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The layer without its activation, `[..., in] -> [..., out]`."""
        factor, bias = self.factor, self.bias
        if self.is_linear or bias is None:
            return super().product()
        return lambda x: torch.addmm(bias, x, factor) if x.ndim == _MATRIX else x @ factor + bias


class ForwardModel(EagerModel):
    """The forward pass of a training step: the output, and the graph that leads back from it.

    The input needs a gradient too, as it does inside a deeper network.
    """

    def __init__(self, layout: WeightLayout, layers: list[TrainedLayer]) -> None:
        super().__init__(layout, list(layers))
        self._parameters = [tensor for layer in layers for tensor in (layer.factor, layer.bias) if tensor is not None]

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        return np.asarray(self._forward(torch.from_numpy(x)).detach().numpy())

    def gradients(self, x: np.ndarray) -> list[np.ndarray]:
        """What a gradient of ones at the output gives: of the input, then of each layer's weight and bias."""
        given = _input(x)
        return [gradient.numpy() for gradient in self._backward(self._forward(given), given)]

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that makes one forward pass over `x`."""
        return functools.partial(self._forward, _input(x))

    def executed(self) -> Executed:
        """The operators of the forward pass; the backward pass multiplies by the same weights."""
        with torch.no_grad():
            return super().executed()

    def _backward(self, y: torch.Tensor, x: torch.Tensor, *, keep: bool = False) -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad(y, [x, *self._parameters], torch.ones_like(y), retain_graph=keep)


class BackwardModel(ForwardModel):
    """The backward pass alone, over a graph that is kept: gradients of the input, the weights and the biases."""

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that makes one backward pass, over the graph of a forward pass that was made beforehand."""
        given = _input(x)
        y = self._forward(given)
        start = torch.ones_like(y)
        return functools.partial(torch.autograd.grad, y, [given, *self._parameters], start, retain_graph=True)


class StepModel(ForwardModel):
    """A whole training step: the forward pass, then the backward pass."""

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call that makes a forward and a backward pass over `x`."""
        given = _input(x)
        return lambda: self._backward(self._forward(given), given)


class ForwardRuntime:
    """Forward passes of training. What autograd keeps is part of what is timed."""

    model: type[ForwardModel] = ForwardModel

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns
        self.surroundings = look_around
        # Said aloud, since another runtime of the same process may have switched autograd off
        self.inference_mode = torch.inference_mode(mode=False)
        self.inference_mode.__enter__()

    def load(self, path: Path, workload: Workload, *, threads: int) -> ForwardModel:
        """Read the arrays into parameters."""
        torch.set_num_threads(threads)
        layout, stored = load_layers(path)
        layers = [
            TrainedLayer(
                _parameter(layer.weight.values),
                None if layer.bias is None else _parameter(layer.bias),
                layout is WeightLayout.OUT_IN,
                activation,
            )
            for layer, activation in zip(stored, workload.activations, strict=True)
        ]
        return self.model(layout, layers)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> EagerIdentity:  # noqa: ARG002
        """The identity model, a copy that needs no file and no gradient."""
        torch.set_num_threads(threads)
        return EagerIdentity(workload)


class BackwardRuntime(ForwardRuntime):
    """Backward passes of training, each over a graph that was made beforehand."""

    model = BackwardModel


class StepRuntime(ForwardRuntime):
    """Whole training steps, without the optimiser, which knows no layout."""

    model = StepModel


def _parameter(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).clone().requires_grad_()


def _input(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(x).clone().requires_grad_()
