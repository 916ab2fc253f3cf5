"""Where a bundle is written: to a folder, or through one to a zip file whose bytes depend on its content alone."""

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from profiler.artifacts.bundle import MANIFEST_NAME, is_bundle, is_zip_name, is_zipped_bundle
from profiler.artifacts.bundle.archive import MAX_ZIP_BYTES
from profiler.base.errors import OutputError
from profiler.base.files import new_file, new_folder, write_error

BYTES_PER_FILE = 1000  # of headers, at most
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell
_MODE = 0o100644 << 16  # a plain file, as Unix writes it
_UNIX = 3


@contextlib.contextmanager
def new_bundle(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder to fill, which becomes the bundle at `path` when the block ends, and nothing if it fails.

    Args:
        path: where the bundle shall be: a zip file if the name says so, else a folder.
        force: replace a bundle that is there, and nothing else.

    Raises:
        OutputError: it exists and may not be replaced, or it cannot be written.
    """
    if not is_zip_name(path):
        with new_folder(path, force=force, is_ours=is_bundle) as folder:
            yield folder
        return
    with new_file(path, force=force) as file:
        if path.exists() and path.stat().st_size and not is_zipped_bundle(path):
            raise OutputError(f"{path} is not replaced: it is no bundle of this program")
        with _folder_beside(path) as folder:
            yield folder
            write_zip(file, folder)


def write_zip(file: IO[bytes], folder: Path) -> None:
    """Write a bundle's folder as a zip: the manifest first, then all files by name, as they are.

    Deflate would make weights 9 % smaller, in 30 times the time (measured on the suite quick).

    Raises:
        OutputError: it would be larger than a zip can tell without zip64.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    refuse_oversize_zip(sum(path.stat().st_size + BYTES_PER_FILE for path in paths))
    manifest = folder / MANIFEST_NAME
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in (manifest, *(path for path in paths if path != manifest)):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATE)
            info.create_system, info.external_attr = _UNIX, _MODE
            with path.open("rb") as source, archive.open(info, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def refuse_oversize_zip(size_bytes: int) -> None:
    """Raises OutputError if a zip of that size needs zip64, which `run` does not read."""
    if size_bytes > MAX_ZIP_BYTES:
        raise OutputError(
            f"the bundle takes about {size_bytes / 2**30:.1f} GiB and a zip of one holds 4 GiB; write a folder (-o "
            "without .zip), or leave out a --format or a --form"
        )


@contextlib.contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise write_error(path, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
