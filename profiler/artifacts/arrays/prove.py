"""What an `.npz` file of plain arrays stores: `layout`, then `weight_0`, `bias_0`, `weight_1` and so on.

A square matrix does not tell its layout, so the file names it; the answer check catches a name that lies.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from profiler.artifacts.stored import StoredModel, prove_layer
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout

Layer = tuple[np.ndarray, np.ndarray | None]
_TOO_MANY_LAYERS = 10_000
_READ_ERRORS = (
    OSError, ValueError, KeyError, EOFError, MemoryError, NotImplementedError, SyntaxError, RuntimeError,
    AttributeError, TypeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip  # what numpy and zipfile are seen to raise on damaged files


def prove_arrays(path: Path) -> StoredModel:
    """The layers of an `.npz` file.

    Raises:
        ArtifactError: it is damaged, holds pickled objects, or weights that are not finite.
    """
    layout, layers = load_layers(path)
    operator = "x @ W.T" if layout is WeightLayout.OUT_IN else "x @ W"
    return StoredModel(
        operators=("matmul",) * len(layers),
        layers=tuple(
            prove_layer(operator=operator, stored=weight, layout=layout, where=str(path)) for weight, _ in layers
        ),
    )


def load_answer(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An answer file: input `x` `[..., in]` in float32, output `y` and its tolerance `[..., out]` in float64.

    Raises:
        ArtifactError: it is damaged, or holds arrays of the wrong kind.
    """
    try:
        _refuse_compression(path)
        with np.load(path, allow_pickle=False) as archive:
            x, y, tolerance = (archive[name] for name in ("x", "y", "tolerance"))
    except _READ_ERRORS as error:
        raise ArtifactError(f"cannot read {path} as an answer: {error}") from error
    kinds = (x.dtype, y.dtype, tolerance.dtype) == (np.float32, np.float64, np.float64)
    shapes = y.shape == tolerance.shape and x.ndim == y.ndim and x.shape[:-1] == y.shape[:-1]
    finite = all(np.isfinite(array).all() for array in (x, y, tolerance))
    if not (kinds and shapes and x.size and y.size and finite and (tolerance > 0).all()):
        raise ArtifactError(f"{path} holds arrays that are no input, output and tolerance")
    return x, y, tolerance


def load_layers(path: Path) -> tuple[WeightLayout, list[Layer]]:
    """The layout an `.npz` file names, and each layer's float32 weight (as stored) and bias.

    Raises:
        ArtifactError: it is damaged, holds pickled objects or arrays of the wrong kind.
    """
    try:
        _refuse_compression(path)
        with np.load(path, allow_pickle=False) as archive:
            layout = WeightLayout(str(archive["layout"]))
            names = set(archive.files)
            count = next(n for n in range(_TOO_MANY_LAYERS) if f"weight_{n}" not in names)
            layers = [
                (archive[f"weight_{n}"], archive[f"bias_{n}"] if f"bias_{n}" in names else None) for n in range(count)
            ]
    except (*_READ_ERRORS, StopIteration) as error:
        raise ArtifactError(f"cannot read {path} as arrays: {error}") from error
    for weight, bias in layers:
        right_kind = weight.ndim == 2 and weight.dtype == np.float32 and weight.flags.c_contiguous  # noqa: PLR2004
        features = weight.shape[:1] if layout is WeightLayout.OUT_IN else weight.shape[1:]
        if not right_kind or (bias is not None and (bias.shape != features or bias.dtype != np.float32)):
            raise ArtifactError(f"{path} holds arrays that are no float32 weight matrix and bias")
    return layout, layers


def _refuse_compression(path: Path) -> None:
    """A compressed file could unpack to more than memory holds; ours are stored as they are."""
    with zipfile.ZipFile(path) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("it is compressed")
