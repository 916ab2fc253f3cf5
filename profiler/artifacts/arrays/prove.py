"""What an `.npz` file of plain arrays stores: `layout`, then `weight_0`, `bias_0`, `weight_1` and so on.

A square matrix does not tell its layout, so the file names it; the check of its output catches a name that lies.
"""

from pathlib import Path

import numpy as np

from profiler.artifacts.npz import open_npz
from profiler.artifacts.stored import StoredModel, prove_layer
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout
from profiler.models.number_format import EXPORTED
from profiler.models.weight import MATRIX_RANK, Layer, Weight

IDENTITY_OPERATORS: frozenset[str] = frozenset()
_TOO_MANY_LAYERS = 10_000


def prove(path: Path) -> StoredModel:
    """The layers of an `.npz` file.

    Raises:
        ArtifactError: it is damaged, holds pickled objects, or weights that are not finite.
    """
    layout, layers = load_layers(path)
    operator = "x @ W.T" if layout is WeightLayout.OUT_IN else "x @ W"
    return StoredModel(
        operators=("matmul",) * len(layers),
        layers=tuple(prove_layer(operator=operator, weight=layer.weight, where=str(path)) for layer in layers),
    )


def load_layers(path: Path) -> tuple[WeightLayout, list[Layer]]:
    """The layout an `.npz` file names, and each layer's weight as it is stored, with its bias.

    Raises:
        ArtifactError: it is damaged, holds pickled objects or arrays of the wrong kind.
    """
    with open_npz(path, what="arrays") as archive:
        layout = WeightLayout(str(archive["layout"]))
        names = set(archive.files)
        count = next((n for n in range(_TOO_MANY_LAYERS) if f"weight_{n}" not in names), None)
        if count is None:
            raise ArtifactError(f"cannot read {path} as arrays: it holds {_TOO_MANY_LAYERS} layers or more")
        arrays = [
            (archive[f"weight_{n}"], archive[f"bias_{n}"] if f"bias_{n}" in names else None) for n in range(count)
        ]
    return layout, [_layer(weight, bias, layout, path) for weight, bias in arrays]


def _layer(weight: np.ndarray, bias: np.ndarray | None, layout: WeightLayout, path: Path) -> Layer:
    dtype = next((dtype for dtype in EXPORTED if weight.dtype == np.dtype(dtype.numpy_name)), None)
    if dtype is not None and weight.ndim == MATRIX_RANK and weight.flags.c_contiguous:
        layer = Layer(Weight(weight, layout, dtype), bias)
        if bias is None:
            return layer
        if bias.shape == (layer.weight.out_features,) and bias.dtype == np.dtype(dtype.activations.numpy_name):
            return layer
    raise ArtifactError(f"{path} holds arrays that are no {' or '.join(EXPORTED)} weight matrix and bias")
