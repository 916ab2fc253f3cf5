"""A stored weight: its values, what they mean, and the layout they lie in. No torch here."""

import dataclasses

import numpy as np

from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat

MATRIX_RANK = 2


@dataclasses.dataclass(frozen=True)
class Weight:
    """A weight matrix as it is stored.

    Attributes:
        values: `[out_features, in_features]` or `[in_features, out_features]`, as `layout` says; C-contiguous where it
            comes from a file or goes into one.
        layout: the meaning of the axes of `values`.
        dtype: the number format of `values`.
        scales: what a stored number is multiplied by: one number `[1]`, or one for each index along `axis`; None for
            formats with an exponent.
        zero_points: the stored numbers that stand for 0, shaped like `scales`; None for 0 throughout.
        axis: the axis of `values` that `scales` run along; None for one scale of all.

    Raises:
        ValueError: the parts do not fit together.
    """

    values: np.ndarray
    layout: WeightLayout
    dtype: NumberFormat = NumberFormat.FLOAT32
    scales: np.ndarray | None = None
    zero_points: np.ndarray | None = None
    axis: int | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != MATRIX_RANK:
            raise ValueError(f"a weight is a matrix, not an array of {self.values.ndim} dimensions")
        if self.dtype.numpy_name != self.values.dtype.name:
            raise ValueError(f"the values of a {self.dtype} weight are {self.values.dtype}")
        if self.dtype.is_integer != (self.scales is not None):
            raise ValueError(f"a {self.dtype} weight {'needs' if self.dtype.is_integer else 'has no'} scales")
        if self.axis is not None and not 0 <= self.axis < MATRIX_RANK:
            raise ValueError(f"axis {self.axis} of a matrix")
        expected = (1,) if self.axis is None else (self.values.shape[self.axis],)
        for name, array in (("scales", self.scales), ("zero points", self.zero_points)):
            if array is not None and array.shape != expected:
                raise ValueError(f"{name} of shape {array.shape} for a weight {self.values.shape}, axis {self.axis}")

    @property
    def out_in(self) -> np.ndarray:
        """The values seen as `[out_features, in_features]`: themselves or a transposed view."""
        return self.values if self.layout is WeightLayout.OUT_IN else self.values.T

    @property
    def in_out(self) -> np.ndarray:
        """The values seen as `[in_features, out_features]`: themselves or a transposed view."""
        return self.out_in.T

    @property
    def out_features(self) -> int:
        """How many outputs the layer has."""
        return int(self.out_in.shape[0])

    @property
    def in_features(self) -> int:
        """How many inputs the layer has."""
        return int(self.out_in.shape[1])

    @property
    def stored_bytes(self) -> int:
        """What the values take in a file, scales and zero points not counted."""
        return self.dtype.stored_bytes(self.values.size)

    def stored_as(self, layout: WeightLayout) -> "Weight":
        """This weight with its values contiguous in `layout`; the axis of its scales goes with them."""
        axis = self.axis if self.axis is None or layout is self.layout else 1 - self.axis
        seen = self.out_in if layout is WeightLayout.OUT_IN else self.in_out
        return dataclasses.replace(self, values=np.ascontiguousarray(seen), layout=layout, axis=axis)

    def real_rows(self, start: int, stop: int) -> np.ndarray:
        """What the outputs `start` to `stop` mean, in float64: `[stop - start, in_features]`."""
        rows: np.ndarray = self.out_in[start:stop].astype(np.float64)
        if self.scales is None:
            return rows
        out_axis = 0 if self.layout is WeightLayout.OUT_IN else 1
        zeros, scales = (self._spread(array, out_axis, start, stop) for array in (self.zero_points, self.scales))
        meant: np.ndarray = (rows - zeros) * scales
        return meant

    def _spread(self, array: np.ndarray | None, out_axis: int, start: int, stop: int) -> np.ndarray:
        """Scales or zero points in a shape that fits rows of `[out_features, in_features]`."""
        if array is None:
            return np.zeros(1)
        wide: np.ndarray = array.astype(np.float64)
        if self.axis is None:
            return wide
        return wide[start:stop, None] if self.axis == out_axis else wide[None, :]


@dataclasses.dataclass(frozen=True)
class Layer:
    """A Linear layer's weight, and its bias `[out_features]` if it has one."""

    weight: Weight
    bias: np.ndarray | None = None

    def stored_as(self, layout: WeightLayout) -> "Layer":
        """This layer with its weight contiguous in `layout`."""
        return Layer(self.weight.stored_as(layout), self.bias)
