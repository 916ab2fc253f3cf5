"""Reading `.npz` files that were given to us: no pickled objects, nothing compressed, one clear error."""

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from profiler.base.errors import ArtifactError

_READ_ERRORS = (
    OSError, ValueError, KeyError, EOFError, MemoryError, NotImplementedError, SyntaxError, RuntimeError,
    AttributeError, TypeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip  # what numpy and zipfile are seen to raise on damaged files


@contextlib.contextmanager
def open_npz(path: Path, *, what: str) -> Iterator[Any]:
    """An `.npz` file, its arrays by name, while the block runs.

    Raises:
        ArtifactError: it, or an array that the block asks for, cannot be read as what it shall be.
    """
    try:
        _refuse_compression(path)
        with np.load(path, allow_pickle=False) as archive:
            yield archive
    except _READ_ERRORS as error:
        raise ArtifactError(f"cannot read {path} as {what}: {error}") from error


def _refuse_compression(path: Path) -> None:
    """A compressed file could unpack to more than memory holds; ours are stored as they are."""
    with zipfile.ZipFile(path) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("it is compressed")
