"""Starts the child that measures one core type, and tells in words how it died if it did."""

import os
import re
import subprocess
import tempfile

import msgspec

from profiler.python import python_command
from profiler.roofline.job import Findings, Job
from profiler.roofline.problems import hide_paths
from profiler.signals import describe_signal

LIMIT_S = 60.0  # importing numba takes over 10 s from a worn SD card
MAX_FINDINGS_BYTES = 1_000_000
TAIL_BYTES = 2000
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class ChildError(Exception):
    """The child ended without findings. The message says how."""


def worker_command() -> list[str]:
    """What to start."""
    return python_command("from profiler.roofline.worker import main\nmain()\n")


def ask_child(job: Job, *, limit_s: float = LIMIT_S) -> Findings:
    """Start a child, wait for it and return what it measured. It is gone afterwards, whatever happens.

    Raises:
        ChildError: it died, took too long or did not print findings.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        given.write(msgspec.json.encode(job))
        given.seek(0)
        try:
            process = subprocess.Popen(
                worker_command(),
                stdin=given,
                stdout=output,
                stderr=errors,
                env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
                start_new_session=True,
            )
        except OSError as error:
            raise ChildError(f"could not be started: {error.strerror or hide_paths(str(error))}") from error
        try:
            status = process.wait(limit_s)
        except subprocess.TimeoutExpired as error:
            raise ChildError(f"did not end within {limit_s:.0f} s and was ended") from error
        finally:
            process.kill()
            process.wait()
        if status < 0:
            raise ChildError(f"died of {describe_signal(-status)}")
        if status > 0:
            size = errors.seek(0, os.SEEK_END)
            errors.seek(max(0, size - TAIL_BYTES))
            tail = errors.read()
            if size > TAIL_BYTES:
                tail = re.sub(rb"^\S*", b"", tail)  # what is left of a word, of a path perhaps
            raise ChildError(_last_words(tail, status))
        output.seek(0)
        return _findings(output.read(MAX_FINDINGS_BYTES + 1))


def _findings(data: bytes) -> Findings:
    try:
        if len(data) > MAX_FINDINGS_BYTES:
            raise ChildError(f"printed more than {MAX_FINDINGS_BYTES} bytes")
        return msgspec.json.decode(data, type=Findings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ChildError(f"printed what cannot be read: {error}") from error


def _last_words(tail: bytes, status: int) -> str:
    lines = tail.decode("utf-8", "replace").strip().splitlines()
    said = "".join(letter if letter.isprintable() else "?" for letter in lines[-1]) if lines else "it said nothing"
    said = hide_paths(said)[:200]
    return f"ended with status {status}: {said}"
