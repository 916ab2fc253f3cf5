"""The two files of a model: `x.toy` says what `x.weights` holds."""

import math
from pathlib import Path

import msgspec
import numpy as np

from profiler.artifacts.stored import stored_weight
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.weight import Layer

PART_SUFFIX = ".weights"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number format, the layout, and each layer's dimensions as stored; no layers are an identity model."""

    dtype: NumberFormat
    layout: WeightLayout
    dims: list[tuple[int, int]]
    has_bias: bool


def part_of(path: Path) -> Path:
    """Where the numbers of a model lie."""
    return path.with_suffix(PART_SUFFIX)


def save(path: Path, header: Header, arrays: list[np.ndarray]) -> tuple[Path, ...]:
    """Write both files and return the second."""
    path.write_bytes(msgspec.json.encode(header))
    part_of(path).write_bytes(b"".join(array.tobytes() for array in arrays))
    return (part_of(path),)


def load(path: Path) -> tuple[Header, list[Layer]]:
    """Read both files.

    Raises:
        ArtifactError: they are damaged or do not fit together.
    """
    try:
        header = msgspec.json.decode(path.read_bytes(), type=Header)
        numbers = np.frombuffer(part_of(path).read_bytes(), header.dtype.numpy_name)
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise ArtifactError(f"cannot read {path} as a toy file: {error}") from error
    layers, at = [], 0
    for dims in header.dims:
        out_features = dims[0] if header.layout is WeightLayout.OUT_IN else dims[1]
        bias_at = at + math.prod(dims)
        end = bias_at + (out_features if header.has_bias else 0)
        if min(dims) < 1 or end > len(numbers):
            raise ArtifactError(f"{path} says more than {part_of(path).name} holds")
        weight = stored_weight(numbers[at:bias_at].reshape(dims), header.layout, where=str(path))
        layers.append(Layer(weight, numbers[bias_at:end] if header.has_bias else None))
        at = end
    if header.dims and at != len(numbers):
        raise ArtifactError(f"{part_of(path).name} holds more than {path} says")
    return header, layers
