"""Asks a child process, whose program is `program`, to count: under valgrind or not."""

from collections.abc import Sequence
from pathlib import Path

from profiler.base.death import ChildError, harmless
from profiler.base.process import ONE_THREAD, ask_once, python_command
from profiler.measure.counting.job import CountFindings, Job

LIMIT_S = 3600.0  # a naive kernel over many rows, under valgrind, on a small board
TAIL_BYTES = 4000
_ENVIRONMENT = {**ONE_THREAD, "PYTHONHASHSEED": "0"}  # the same dictionaries in every run


def child_command() -> list[str]:
    """The command that starts the child process, under valgrind or not."""
    return python_command("from profiler.measure.counting.program import main\nmain()\n")


def ask_child(job: Job, *, under: Sequence[str] = (), log: Path | None = None) -> CountFindings:
    """Start a child, wait for it and return what it found.

    Args:
        job: what it is to do.
        under: a command that runs it, such as valgrind's.
        log: where that command writes what it has to say.

    Raises:
        ChildError: it died, took too long or did not print findings.
    """
    try:
        return ask_once([*under, *child_command()], job, CountFindings, limit_s=LIMIT_S, environment=_ENVIRONMENT)
    except ChildError as error:
        reason = unknown_instruction(log)
        if reason is None:
            raise
        raise ChildError(f"{error}: {reason}") from error


def unknown_instruction(log: Path | None) -> str | None:
    """The line in which valgrind says that it does not know an instruction; None if it says no such thing."""
    try:
        lines = log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace").splitlines() if log else []
    except OSError:
        return None
    found = next((line for line in lines if "nrecognised instruction" in line or "unhandled instr" in line), None)
    return None if found is None else harmless(found)
