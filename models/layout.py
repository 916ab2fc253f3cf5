"""The two ways to store a Linear layer's weight, and the shape of such a layer."""

import enum

import msgspec

MAX_FEATURES = 2**31 - 1  # runtimes index with 32 bits


class ShapeError(ValueError):
    """A layer, network or batch has a shape that cannot exist."""


class WeightLayout(enum.StrEnum):
    """The axes of a stored weight matrix, slowest first (row-major).

    `OUT_IN` is PyTorch's way (transposed storage), `y = x @ W.T + b`.
    `IN_OUT` is Keras' way (plain storage), `y = x @ W + b`.
    """

    OUT_IN = "out_in"
    IN_OUT = "in_out"

    @property
    def other(self) -> "WeightLayout":
        """The layout that this one is compared with."""
        return WeightLayout.IN_OUT if self is WeightLayout.OUT_IN else WeightLayout.OUT_IN

    @property
    def axes(self) -> str:
        """The axes in words, as reports print them."""
        return "[out, in]" if self is WeightLayout.OUT_IN else "[in, out]"


class LinearShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shape of one Linear layer: `in_features` inputs, `out_features` outputs, with or without a bias."""

    in_features: int
    out_features: int
    bias: bool = True

    def __post_init__(self) -> None:
        for name, value in (("in_features", self.in_features), ("out_features", self.out_features)):
            if value < 1:
                raise ShapeError(f"{name} is {value}; it must be 1 or more")
            if value > MAX_FEATURES:
                raise ShapeError(f"{name} is larger than {MAX_FEATURES}, more than any runtime can index")

    def weight_dims(self, layout: WeightLayout) -> tuple[int, int]:
        """The dimensions of the weight as stored in `layout`."""
        if layout is WeightLayout.OUT_IN:
            return (self.out_features, self.in_features)
        return (self.in_features, self.out_features)

    @property
    def weight_count(self) -> int:
        """How many weights the layer stores, its bias not counted."""
        return self.in_features * self.out_features
