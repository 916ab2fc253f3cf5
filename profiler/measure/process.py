"""What every worker process does for itself: end with its supervisor, and give memory back."""

import contextlib
import ctypes
import gc
import signal
import sys


def release_memory() -> None:
    """Give back what a case held, or what loading left over: a board shall need the memory of one case, once."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def die_with_parent() -> None:
    """End with the supervisor, however that dies: on Linux the kernel sees to it, elsewhere a closed pipe.

    A worker that went on alone would disturb the resumed run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
