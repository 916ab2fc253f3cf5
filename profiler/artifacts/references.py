"""What files must compute: an input, its output in float64, and how far a runtime may be off."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from profiler.artifacts.npz import open_npz
from profiler.base.errors import ArtifactError
from profiler.models.number_format import EXPORTED, NumberFormat
from profiler.models.reference import activate
from profiler.models.weight import Layer, Weight
from profiler.models.workload import Activation, Workload

CONFIDENCE_FACTOR = 8.0  # lambda of Higham & Mary 2019, theorem 2.4: failure probability 2 exp(-lambda^2 / 2) a sum
_BLOCK_ROWS = 1 << 20


@dataclasses.dataclass(frozen=True)
class ReferenceValues:
    """Input `x` `[..., in]`; output `y` and tolerance, both `[..., out]` in float64."""

    x: np.ndarray
    y: np.ndarray
    tolerance: np.ndarray


def compute_reference(
    workload: Workload,
    layers: Sequence[Layer],
    batch_shape: tuple[int, ...],
    *,
    seed: int,
    dtype: NumberFormat = NumberFormat.FLOAT32,
) -> ReferenceValues:
    """Draw an input and evaluate the network in float64.

    The tolerance follows the rounding errors of an evaluation in any order of summation, in the number format that
    activations have beside weights in `dtype`: each product adds `lambda sqrt(n) u (|W||x| + |b|)` (Higham & Mary 2019,
    "A new approach to probabilistic rounding error analysis", theorem 3.1), errors of one layer go through the next as
    independent ones. The worst-case bound (Higham 2002, equation 3.5) would grow past any use over ten layers.
    """
    roundoff = dtype.activations.unit_roundoff
    assert roundoff is not None
    generator = np.random.default_rng([seed, *batch_shape])
    drawn = generator.standard_normal((*batch_shape, workload.in_features), dtype=np.float32)
    x = drawn.astype(dtype.activations.numpy_name, copy=False)
    value = x.astype(np.float64).reshape(-1, workload.in_features)
    error = np.zeros_like(value)
    for layer, activation in zip(layers, workload.activations, strict=True):
        value, error = _linear(value, error, layer, roundoff)
        value, error = _activate(value, error, activation, roundoff)
    shape = (*batch_shape, workload.out_features)
    return ReferenceValues(x=x, y=value.reshape(shape), tolerance=error.reshape(shape))


def write_reference(values: ReferenceValues, path: Path) -> None:
    """Write an `.npz` file of the three arrays."""
    np.savez(path, x=values.x, y=values.y, tolerance=values.tolerance)


def load_reference(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input `x` `[..., in]` in a number format that is exported, output `y` and its tolerance `[..., out]` in float64.

    Raises:
        ArtifactError: the file is damaged, or holds arrays of the wrong kind.
    """
    with open_npz(path, what="a reference") as archive:
        x, y, tolerance = (archive[name] for name in ("x", "y", "tolerance"))
    is_input = x.dtype in {np.dtype(dtype.activations.numpy_name) for dtype in EXPORTED}
    is_sound = (
        (is_input and (y.dtype, tolerance.dtype) == (np.float64, np.float64))
        and (y.shape == tolerance.shape and x.ndim == y.ndim and x.shape[:-1] == y.shape[:-1])
        and bool(x.size and y.size)
        and all(np.isfinite(array).all() for array in (x, y, tolerance))
        and (tolerance > 0).all()
    )
    if not is_sound:
        raise ArtifactError(f"{path} holds arrays that are no input, output and tolerance")
    return x, y, tolerance


def _linear(value: np.ndarray, error: np.ndarray, layer: Layer, roundoff: float) -> tuple[np.ndarray, np.ndarray]:
    weight: Weight = layer.weight
    rows, out_features, in_features = value.shape[0], weight.out_features, weight.in_features
    product, carried, magnitude = (np.empty((rows, out_features)) for _ in range(3))
    step = max(1, _BLOCK_ROWS // in_features)  # a few rows at a time: float64 copies of all would triple memory
    for start in range(0, out_features, step):
        block = weight.real_rows(start, min(start + step, out_features))
        product[:, start : start + step] = value @ block.T
        carried[:, start : start + step] = np.square(error) @ np.square(block).T
        magnitude[:, start : start + step] = np.abs(value) @ np.abs(block).T
    if layer.bias is not None:
        product += layer.bias
        magnitude += np.abs(layer.bias)
    own = CONFIDENCE_FACTOR * np.sqrt(in_features + 1) * roundoff * magnitude
    return product, np.hypot(np.sqrt(carried), own)


def _activate(
    value: np.ndarray, error: np.ndarray, activation: Activation, roundoff: float
) -> tuple[np.ndarray, np.ndarray]:
    """Each function's value; its slope is at most 1 (2 for log-softmax), its own evaluation off by a few roundings."""
    result = activate(value, activation)
    if activation is Activation.TANH:
        return result, error + CONFIDENCE_FACTOR * roundoff
    if activation is Activation.LOG_SOFTMAX:
        own = CONFIDENCE_FACTOR * np.sqrt(value.shape[-1]) * roundoff * (1 + np.abs(value) + np.abs(result))
        return result, 2 * error.max(axis=-1, keepdims=True) + own
    return result, error
