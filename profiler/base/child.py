"""A child process that is given a job, answers once and is gone, however it ends."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from profiler.base.files import memory_file
from profiler.base.privacy import hide_paths
from profiler.base.signals import describe_signal

MAX_ANSWER_BYTES = 1_000_000
TAIL_BYTES = 2000
MAX_WORDS = 200
# Of every library that brings a thread pool and may be loaded
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMBA_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)  # fmt: skip
Answer = TypeVar("Answer")


class ChildError(Exception):
    """The child ended without an answer. The message says how."""


def ask_once(
    command: Sequence[str],
    job: msgspec.Struct,
    answer: type[Answer],
    *,
    limit_s: float,
    environment: Mapping[str, str] = ONE_THREAD,
) -> Answer:
    """Start a child with a job on its standard input, and return what it prints as JSON.

    Args:
        command: what to start.
        job: what it is to do.
        answer: the record that it prints.
        limit_s: after so many seconds it is ended.
        environment: variables beside those of this process.

    Raises:
        ChildError: it died, took too long or printed something else.
    """
    with memory_file() as given, memory_file() as output, memory_file() as errors:
        given.write(msgspec.json.encode(job))
        given.seek(0)
        try:
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=output,
                stderr=errors,
                env={**os.environ, **environment},
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
        if status:
            size = errors.seek(0, os.SEEK_END)
            errors.seek(max(0, size - TAIL_BYTES))
            tail = errors.read()
            # What is left of a word that was cut may be a part of a path
            raise ChildError(describe_death(status, re.sub(rb"^\S*", b"", tail) if size > TAIL_BYTES else tail))
        output.seek(0)
        return _decode(output.read(MAX_ANSWER_BYTES + 1), answer)


def describe_death(status: int, said: bytes) -> str:
    """How it ended and its last words. A status below 0 is the signal it died of, and says more than they do."""
    if status < 0:
        return f"died of {describe_signal(-status)}"
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return f"ended with status {status}: {harmless(lines[-1]) if lines else 'it said nothing'}"


def harmless(line: str) -> str:
    """A line of a child's, without what a terminal would act on and without paths."""
    return hide_paths("".join(letter if letter.isprintable() else "?" for letter in line.strip()))[:MAX_WORDS]


def _decode(data: bytes, answer: type[Answer]) -> Answer:
    if len(data) > MAX_ANSWER_BYTES:
        raise ChildError(f"printed more than {MAX_ANSWER_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ChildError(f"printed what cannot be read: {error}") from error
