"""What was found stored in a file, whatever its format."""

import dataclasses
import hashlib

import numpy as np

from profiler.artifacts.records import LayerProof
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout
from profiler.models.number_format import EXPORTED, NumberFormat
from profiler.models.weight import Weight


@dataclasses.dataclass(frozen=True)
class StoredModel:
    """The operators of a file in order of execution, its Linear layers, and the names of its parts."""

    operators: tuple[str, ...]
    layers: tuple[LayerProof, ...]
    parts: tuple[str, ...] = ()

    @property
    def stored_layout(self) -> WeightLayout | None:
        """The one layout all layers are stored in, None if they differ or say nothing (see `is_vector`)."""
        layouts = {layer.stored_layout for layer in self.layers if not is_vector(layer)}
        return layouts.pop() if len(layouts) == 1 else None

    @property
    def dtype(self) -> NumberFormat | None:
        """The one number format of all weights, None if they differ."""
        dtypes = {layer.dtype for layer in self.layers}
        return dtypes.pop() if len(dtypes) == 1 else None

    def is_stored_as(self, layout: WeightLayout) -> bool:
        """Whether every layer is stored in `layout`."""
        return bool(self.layers) and all(is_vector(layer) or layer.stored_layout is layout for layer in self.layers)


def is_vector(layer: LayerProof) -> bool:
    """Whether the weight has a single row or column, so that both layouts are the same bytes."""
    return min(layer.dims) == 1


def layouts_agree(one: LayerProof, other: LayerProof) -> bool:
    """Whether two proofs tell of the same layout."""
    return one.stored_layout is other.stored_layout or (is_vector(one) and is_vector(other))


def stored_weight(values: np.ndarray, layout: WeightLayout, *, where: str) -> Weight:
    """A weight that was read from a file, its number format told by the type of its values.

    Args:
        values: the matrix as it lies in the file.
        layout: the meaning of its axes.
        where: the file, for messages.

    Raises:
        ArtifactError: it is no matrix of a number format that is exported.
    """
    dtype = next((dtype for dtype in EXPORTED if dtype.numpy_name == values.dtype.name), None)
    if dtype is None:
        raise ArtifactError(f"{where}: a weight of {values.dtype}; there can be {', '.join(EXPORTED)}")
    try:
        return Weight(values, layout, dtype)
    except ValueError as error:
        raise ArtifactError(f"{where}: {error}") from error


def prove_layer(*, operator: str, weight: Weight, where: str) -> LayerProof:
    """The proof of one layer.

    Args:
        operator: the operator with the flag that matters.
        weight: as it lies in the file, C-contiguous, its layout the meaning of its axes for that operator.
        where: the file, for messages.

    Raises:
        ArtifactError: the matrix holds NaN or infinity.
    """
    stored = weight.values
    # Slice by slice: a whole-matrix mask would cost a quarter of the weights again on a small board
    if not all(np.isfinite(rows).all() for rows in np.array_split(stored, max(1, stored.size >> 20))):
        raise ArtifactError(f"{where}: a weight is NaN or infinite; export the model again from sound weights")
    return LayerProof(
        operator=operator,
        dims=(int(stored.shape[0]), int(stored.shape[1])),
        stored_layout=weight.layout,
        dtype=weight.dtype,
        weight_sha256=hashlib.sha256(stored.data).hexdigest(),
    )
