"""Reading and writing files so that nothing is lost, half-written or followed out of a folder."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from profiler.errors import OutputError

_CHUNK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_error(path: Path, error: OSError) -> OutputError:
    """The error for a file or folder that cannot be written."""
    return OutputError(f"cannot write {path}: {error.strerror or error}")


def write_whole(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file so that it appears whole or not at all.

    Raises:
        OutputError: it exists and `force` is false, or it cannot be written.
    """
    refuse_existing(path, force=force)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise write_error(path, error) from error


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises OutputError if something lies at `path` already and `force` is false."""
    if not force and (path.exists() or path.is_symlink()):
        raise OutputError(f"{path} exists already; name another output or add --force to replace it")


@contextlib.contextmanager
def new_folder(path: Path, *, force: bool = False, marker: str) -> Iterator[Path]:
    """A folder to fill, which appears at `path` whole when the block ends and not at all if it fails.

    Args:
        path: where the folder shall be.
        force: replace what is there, if it is a folder that holds a file named `marker`, and so is one of ours.
        marker: the file every such folder holds.

    Raises:
        OutputError: it exists and may not be replaced, or it cannot be written.
    """
    refuse_existing(path, force=force)
    if path.exists() and not (path / marker).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise OutputError(f"{path} is not replaced: it holds no {marker}, so it was not made by this program")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise write_error(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
