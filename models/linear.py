"""A Linear module that stores its weight in either layout: same maths, same initial distribution."""

import math
from collections.abc import Callable
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from profiler.models.layout import LinearShape, WeightLayout

Initializer = Callable[[Tensor], object]


class Linear(nn.Module):
    """`y = x W + b` over the last dimension of `x`, with the weight stored in `layout`.

    The weight parameter is contiguous and has the shape `shape.weight_dims(layout)`. Inputs may have any number of
    leading batch dimensions, none included: `[..., in_features] -> [..., out_features]`.

    `strict_linear` chooses how `IN_OUT` is computed. False (idiomatic) is what people write, `x @ W + b`. True
    (controlled) is `aten::linear` over the transposed view of the weight, so that both layouts run one operator and
    differ in the stored bytes alone.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(
        self,
        shape: LinearShape,
        layout: WeightLayout,
        *,
        strict_linear: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.layout = layout
        self.strict_linear = strict_linear
        self.weight = nn.Parameter(torch.empty(shape.weight_dims(layout)))
        self.bias = nn.Parameter(torch.empty(shape.out_features)) if shape.bias else None
        self.reset_parameters(generator=generator)

    def reset_parameters(self, *, generator: torch.Generator | None = None) -> None:
        """Draw weight and bias as `torch.nn.Linear` does, whatever the layout.

        Kaiming uniform with `a = sqrt(5)` and a bias from U(-1/sqrt(in), 1/sqrt(in)): `torch.nn.Linear`'s own rule.
        """
        self.initialize_weight(lambda weight: nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.shape.in_features)
            nn.init.uniform_(self.bias, -bound, bound, generator=generator)

    def initialize_weight(self, initializer: Initializer) -> None:
        """Fill the weight by a function of `torch.nn.init`, which sees it as `[out_features, in_features]`.

        Those functions read fan-in off the second axis. Handed an `[in, out]` parameter directly they would take the
        fan-out for it. With the same random state both layouts get the same values.
        """
        drawn = torch.empty(self.shape.weight_dims(WeightLayout.OUT_IN))
        initializer(drawn)
        self.assign(drawn)

    def assign(self, out_in: Tensor, bias: Tensor | None = None) -> None:
        """Copy a weight given as `[out_features, in_features]`, and a bias, into the module's own layout."""
        with torch.no_grad():
            self.weight.copy_(out_in if self.layout is WeightLayout.OUT_IN else out_in.t())
            if self.bias is not None and bias is not None:
                self.bias.copy_(bias)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., in_features] -> [..., out_features]`."""
        if self.layout is WeightLayout.OUT_IN:
            return functional.linear(x, self.weight, self.bias)
        if self.strict_linear:
            return functional.linear(x, self.weight.t(), self.bias)
        product = x @ self.weight
        return product if self.bias is None else product + self.bias

    def extra_repr(self) -> str:
        """The shape and the layout, as `repr` shows them."""
        return (
            f"in_features={self.shape.in_features}, out_features={self.shape.out_features}, "
            f"bias={self.shape.bias}, layout={self.layout}"
        )

    def out_in_weight(self) -> Tensor:
        """The weight seen as `[out_features, in_features]`: the parameter itself, or its transposed view."""
        return self.weight.detach() if self.layout is WeightLayout.OUT_IN else self.weight.detach().t()

    def with_layout(self, layout: WeightLayout) -> "Linear":
        """A copy in `layout` with the same values, bit for bit."""
        copy = Linear.empty(self.shape, layout, strict_linear=self.strict_linear).to(self.weight.dtype)
        copy.assign(self.out_in_weight(), self.bias)
        return copy

    @classmethod
    def empty(cls, shape: LinearShape, layout: WeightLayout, *, strict_linear: bool = False) -> Self:
        """A module whose values are not set yet; draws nothing from any random state."""
        with torch.random.fork_rng(devices=[]):
            return cls(shape, layout, strict_linear=strict_linear)

    @classmethod
    def from_torch(cls, linear: nn.Linear, layout: WeightLayout) -> Self:
        """The values of a `torch.nn.Linear`, bit for bit."""
        shape = LinearShape(
            in_features=linear.in_features, out_features=linear.out_features, bias=linear.bias is not None
        )
        module = cls.empty(shape, layout)
        module.assign(linear.weight, linear.bias)
        return module

    def to_torch(self) -> nn.Linear:
        """A `torch.nn.Linear` with the same values, bit for bit, and a contiguous weight."""
        shape = self.shape
        linear: nn.Linear = nn.utils.skip_init(nn.Linear, shape.in_features, shape.out_features, bias=shape.bias)
        with torch.no_grad():
            linear.weight.copy_(self.out_in_weight())
            if self.bias is not None:
                linear.bias.copy_(self.bias)
        return linear

    @classmethod
    def from_keras(cls, kernel: np.ndarray, bias: np.ndarray | None, layout: WeightLayout) -> Self:
        """The values of a Keras Dense layer: a float32 kernel `[in_features, out_features]` and a bias `[out]`.

        Raises:
            ValueError: the arrays are not float32 or their dimensions do not fit together.
        """
        if kernel.ndim != 2 or (bias is not None and bias.shape != kernel.shape[1:]):  # noqa: PLR2004 - a matrix
            shapes = f"kernel {kernel.shape}, bias {None if bias is None else bias.shape}"
            raise ValueError(f"{shapes}: a Keras kernel is [in, out] and its bias [out]")
        if kernel.dtype != np.float32 or (bias is not None and bias.dtype != np.float32):
            raise ValueError("the kernel and bias must be float32, so that no value changes")
        shape = LinearShape(in_features=kernel.shape[0], out_features=kernel.shape[1], bias=bias is not None)
        module = cls.empty(shape, layout)
        module.assign(torch.from_numpy(kernel.T), None if bias is None else torch.from_numpy(bias))
        return module

    def to_keras(self) -> tuple[np.ndarray, np.ndarray | None]:
        """A contiguous kernel `[in_features, out_features]` and the bias, as Keras' `set_weights` takes them."""
        kernel = np.array(self.out_in_weight().t().numpy(), order="C")
        return kernel, None if self.bias is None else self.bias.detach().numpy().copy()
