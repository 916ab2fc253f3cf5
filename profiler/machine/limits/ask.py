"""Asks a child process, whose program is `program`, to measure one core type."""

from profiler.base.process import ask_once, python_command
from profiler.machine.limits.job import LimitFindings, LimitsJob

LIMIT_S = 60.0  # importing numba takes over 10 s from a worn SD card


def worker_command() -> list[str]:
    """The command that starts the child process."""
    return python_command("from profiler.machine.limits.program import main\nmain()\n")


def ask_child(job: LimitsJob, *, limit_s: float = LIMIT_S) -> LimitFindings:
    """Start a child, wait for it and return what it measured.

    Raises:
        ChildError: it died, took too long or did not print findings.
    """
    return ask_once(worker_command(), job, LimitFindings, limit_s=limit_s)
