"""Forks of a process that has loaded a runtime, which spares them the seconds that loading it anew would take."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable

from profiler.base.death import Death
from profiler.base.inside import die_with_parent


def fork(act: Callable[[], bool]) -> int:
    """Start a copy of this process that acts, tells by its status whether that went well, and dies with this one.

    It does not end by way of the interpreter's end: that may wait for a thread of the runtime which no copy has.
    """
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    went_well = False
    try:
        die_with_parent(parent)
        went_well = act()
    except BaseException:  # noqa: BLE001 - nothing of this process's own callers may go on in its copy
        sys.excepthook(*sys.exc_info())
    os._exit(0 if went_well else 1)


def wait_for(child: int, *, is_killed: bool = False) -> Death:
    """Wait until a copy has ended, or end it."""
    if is_killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    return Death(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
