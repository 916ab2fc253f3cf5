"""Starts a child that counts, waits for it, and tells in words how it died if it did."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from profiler.explain.job import Findings, Job
from profiler.python import python_command

LIMIT_S = 3600.0  # a naive kernel over many rows, under valgrind, on a small board
MAX_FINDINGS_BYTES = 1_000_000
TAIL_BYTES = 4000
MAX_WORDS = 200
_ENVIRONMENT = {
    **dict.fromkeys(
        (
            "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMBA_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
        ),
        "1",
    ),
    "PYTHONHASHSEED": "0",  # the same dictionaries in every run
}  # fmt: skip


class ChildError(Exception):
    """The child ended without findings. The message says how."""


def child_command() -> list[str]:
    """What to start, under valgrind or not."""
    return python_command("from profiler.explain.child import main\nmain()\n")


def ask_child(job: Job, *, under: Sequence[str] = (), log: Path | None = None) -> Findings:
    """Start a child, wait for it and return what it found. It is gone afterwards, whatever happens.

    Args:
        job: what it is to do.
        under: a command that runs it, such as valgrind's.
        log: where that command writes what it has to say.

    Raises:
        ChildError: it died, took too long or did not print findings.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        given.write(msgspec.json.encode(job))
        given.seek(0)
        try:
            process = subprocess.Popen(
                [*under, *child_command()],
                stdin=given,
                stdout=output,
                stderr=errors,
                env={**os.environ, **_ENVIRONMENT},
                start_new_session=True,
            )
        except OSError as error:
            raise ChildError(f"could not be started: {error.strerror or error}") from error
        try:
            status = process.wait(LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise ChildError(f"did not end within {LIMIT_S:.0f} s and was ended") from error
        finally:
            process.kill()
            process.wait()
        if status:
            size = errors.seek(0, os.SEEK_END)
            errors.seek(max(0, size - TAIL_BYTES))
            raise ChildError(describe_death(status, errors.read(), _tail(log)))
        output.seek(0)
        return _findings(output.read(MAX_FINDINGS_BYTES + 1))


def describe_death(status: int, said: bytes, log: str) -> str:
    """How it ended, and the line that says most of why: valgrind's on an instruction it does not know, else its last.

    A status below 0 is the signal it died of.
    """
    unknown = [line for line in log.splitlines() if "nrecognised instruction" in line or "unhandled instr" in line]
    words = unknown[:1] or said.decode("utf-8", "replace").strip().splitlines()[-1:]
    if status >= 0:
        ending = f"ended with status {status}"
    else:
        known = -status in {item.value for item in signal.Signals}
        ending = f"died of {signal.Signals(-status).name if known else f'signal {-status}'}"
    if not words:
        return f"{ending} and said nothing"
    return f"{ending}: " + "".join(letter if letter.isprintable() else "?" for letter in words[0].strip())[:MAX_WORDS]


def _tail(log: Path | None) -> str:
    """The end of a log, empty without one."""
    try:
        return log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace") if log else ""
    except OSError:
        return ""


def _findings(data: bytes) -> Findings:
    if len(data) > MAX_FINDINGS_BYTES:
        raise ChildError(f"printed more than {MAX_FINDINGS_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=Findings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ChildError(f"printed what cannot be read: {error}") from error
