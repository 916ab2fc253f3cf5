"""Reading and writing files so that nothing is lost, half-written or followed out of a folder."""

import contextlib
import errno
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from profiler.base.errors import InputError, OutputError

_CHUNK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def read_limited(path: Path, limit_bytes: int) -> bytes:
    """The bytes of a plain file, at most one more than the limit.

    Raises:
        OSError: it cannot be read, or is a folder, device or pipe, which could go on for ever.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is a folder, a device or a pipe, not a file", str(path))
    # In pieces: a single read would allocate the whole limit first, gigabytes that a small board does not have
    with path.open("rb") as file, io.BytesIO() as found:
        while chunk := file.read(min(_CHUNK_BYTES, limit_bytes + 1 - found.tell())):
            found.write(chunk)
        return found.getvalue()


def read_input(path: Path, limit_bytes: int, *, what: str) -> bytes:
    """The bytes of a file that somebody gave us.

    Args:
        path: where it is.
        limit_bytes: what such a file never exceeds.
        what: it should be, in words.

    Raises:
        InputError: it cannot be read, or is longer.
    """
    try:
        data = read_limited(path, limit_bytes)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > limit_bytes:
        raise InputError(f"{path} is longer than {limit_bytes} bytes; that is no {what}")
    return data


def memory_file() -> IO[bytes]:
    """An empty file without a name, gone when it is closed; in memory where the system can, to spare an SD card."""
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):  # some emulators lack it
            return os.fdopen(os.memfd_create("layout-profiler"), "w+b")
    return tempfile.TemporaryFile()


def write_error(path: Path, error: OSError) -> OutputError:
    """The error for a file or folder that cannot be written."""
    return OutputError(f"cannot write {path}: {error.strerror or error}")


def write_whole(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file so that it appears whole or not at all.

    Raises:
        OutputError: it exists and `force` is false, or it cannot be written.
    """
    with new_file(path, force=force) as file:
        file.write(data)


@contextlib.contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[IO[bytes]]:
    """A file to fill, which appears at `path` whole when the block ends and not at all if it fails.

    Raises:
        OutputError: it exists and `force` is false, or it cannot be written.
    """
    refuse_existing(path, force=force)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file")
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises OutputError if something lies at `path` already and may not be replaced.

    Even with `force`, only plain files and folders are: no link, device or pipe.
    """
    if not (path.exists() or path.is_symlink()):
        return
    if not force:
        raise OutputError(f"{path} exists already; name another output or add --force to replace it")
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise OutputError(f"{path} is not replaced: it is a link, a device or a pipe")


@contextlib.contextmanager
def new_folder(path: Path, *, force: bool = False, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """A folder to fill, which appears at `path` whole when the block ends and not at all if it fails.

    Args:
        path: where the folder shall be.
        force: replace what is there, if `is_ours` says so or it is an empty folder.
        is_ours: whether a folder holds what this program wrote, and nothing else.

    Raises:
        OutputError: it exists and may not be replaced, or it cannot be written.
    """
    refuse_existing(path, force=force)
    if path.exists() and not (path.is_dir() and (not any(path.iterdir()) or is_ours(path))):
        raise OutputError(f"{path} is not replaced: it holds files that were not made by this program")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise write_error(path, error) from error
    former = temporary.with_name(f"{temporary.name}.former")
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            path.rename(former)
        temporary.rename(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if former.exists() and not path.exists():
            former.rename(path)
        for leftover in (temporary, former):
            shutil.rmtree(leftover, ignore_errors=True)
