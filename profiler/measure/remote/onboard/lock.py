"""Whether a run goes on: the run itself holds a lock on a file, so that no process number can lie about it.

The lock is that of an open file which the run inherits. It is gone when the last process that has it open is gone,
however that ended. One lock for the whole board: two runs at once would spoil each other's times.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

RUN_LOCK = "run.lock"
_TRIES = 20
_PAUSE_S = 0.05
_MAX_BYTES = 100


@contextlib.contextmanager
def free_lock(base: Path) -> Iterator[int | None]:
    """The lock's file descriptor if nobody had it, else None. It is released with the last process that inherits it."""
    descriptor = os.open(base / RUN_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor if _take(descriptor) else None
    finally:
        os.close(descriptor)


def holder(base: Path) -> list[str] | None:
    """What the run that goes on has written into the lock, None if there is none."""
    try:
        descriptor = os.open(base / RUN_LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(descriptor, _MAX_BYTES).decode("ascii", "replace").split()
    else:
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    """Take the lock if it is free. Tries more than once: whoever only looks holds it for an instant as well."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False
