"""A private folder for what is needed while the program runs. What a killed run left is removed by the next one."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from profiler.base.files import write_error
from profiler.base.signals import ignoring_interrupts

PREFIX = ".layout-profiler-"
_LOCK = "lock"


@contextlib.contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """A folder below `parent`, which must be there, and is gone when the block ends.

    A killed run cannot remove its own. The lock in it is free then, and the next workspace there removes it first.

    Raises:
        OutputError: it cannot be made.
    """
    _remove_abandoned(parent)
    try:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX))
    except OSError as error:
        raise write_error(parent, error) from error
    try:
        with _locked(folder):
            files = folder / "files"
            files.mkdir()
            yield files
    finally:
        with ignoring_interrupts():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The lock gets its name when it is held: one that can be found and is free belongs to nobody any more."""
    nameless = folder / f"{_LOCK}.new"
    descriptor = os.open(nameless, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):  # a filesystem without locks: this folder will not be removed by others
            _lock(descriptor)
            nameless.rename(folder / _LOCK)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # being made, of another user, or none of ours
        try:
            _lock(descriptor)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # in use
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    import fcntl  # not on Windows, where bundles can still be exported

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
