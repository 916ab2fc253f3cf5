"""The parent's end of a child process: how it is started, asked, waited for and ended. `inside` is the child's end.

`ask_once` is for a child that is given a job, answers and is gone; a `Conversation` for one that answers one request
after the other. Either way a child has a session of its own, so that Ctrl-C in a terminal is its parent's alone. It
dies with its parent, and what it writes to standard error stays in memory, for its last words.
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Generic, Self, TypeVar

import msgspec

from profiler.base.death import ChildDiedError, ChildError, Death
from profiler.base.files import memory_file
from profiler.base.lines import LineReader, TooLongError, decode_answer, encode_line
from profiler.base.privacy import hide_paths
from profiler.base.signals import Stop, ignoring_interrupts

MAX_ANSWER_BYTES = 1_000_000
TAIL_BYTES = 2000
LAST_WORDS_S = 2.0  # between closing its output and ending; a core dump on an SD card takes about that
_ROOT = str(Path(__file__).resolve().parents[2])
# Not the current folder (-P): a file numpy.py in it would be imported. This copy's own folder instead, where it is not
# on the path already.
_PREAMBLE = """
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
from profiler.base.inside import die_with_parent
die_with_parent(int(sys.argv[2]))
del sys.argv[1:3]
"""
Answer = TypeVar("Answer")


def python_command(program: str, *arguments: str) -> list[str]:
    """What starts another Python that runs this very copy of the program, for this process alone.

    The program finds its arguments from `sys.argv[1]` on.
    """
    return [sys.executable, "-P", "-c", _PREAMBLE + program, _ROOT, str(os.getpid()), *arguments]


def thread_counts(threads: int) -> dict[str, str]:
    """The environment that gives every BLAS so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return dict.fromkeys(names, str(threads))


ONE_THREAD = {**thread_counts(1), "NUMBA_NUM_THREADS": "1"}  # of every library that brings a pool and may be loaded


def ask_once(
    command: Sequence[str],
    job: msgspec.Struct | None,
    answer: type[Answer],
    *,
    limit_s: float | None,
    environment: Mapping[str, str] = ONE_THREAD,
    in_view: bool = False,
) -> Answer:
    """Start a child with a job on its standard input, and return what it prints as JSON.

    Args:
        command: what to start.
        job: what it is to do, None if the command says it.
        answer: the record that it prints.
        limit_s: after so many seconds it is ended, None for never.
        environment: variables beside those of this process.
        in_view: it writes to this process's standard error, and is asked to end and waited for when this process is
            interrupted, since it has something to clean up.

    Raises:
        ChildError: it died, took too long or printed something else.
    """
    with memory_file() as given, memory_file() as output, memory_file() as errors:
        if job is not None:
            given.write(msgspec.json.encode(job))
            given.seek(0)
        with ignoring_interrupts() if in_view else contextlib.nullcontext():
            process = _start(command, given, output, None if in_view else errors, environment)
        try:
            status = process.wait(limit_s)
        except subprocess.TimeoutExpired as error:
            raise ChildError(f"did not end within {limit_s:.0f} s and was ended") from error
        except BaseException:
            if in_view:
                with ignoring_interrupts():  # a second one would disturb its clean-up
                    process.terminate()
                    process.wait()
            raise
        finally:
            process.kill()
            process.wait()
        if status:
            raise ChildDiedError(Death(status, _tail(errors)))
        output.seek(0)
        data = output.read(MAX_ANSWER_BYTES + 1)
    if len(data) > MAX_ANSWER_BYTES:
        raise ChildError(f"printed more than {MAX_ANSWER_BYTES} bytes")
    return decode_answer(data, msgspec.json.Decoder(answer))


class Conversation(Generic[Answer]):
    """A child that answers one request after the other. Use as a context manager: at its end the child is gone.

    Args:
        command: what to start.
        decoder: reads its answers.
        environment: variables beside those of this process.
        limit_bytes: no answer is longer.
        last_words_s: how long it may take to end after it has closed its output.
        silence: what is said of one that did not answer in time.
        stop: ends the waiting for an answer when the run shall end.

    Raises:
        ChildError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        decoder: "msgspec.json.Decoder[Answer]",
        *,
        environment: Mapping[str, str] | None = None,
        limit_bytes: int = MAX_ANSWER_BYTES,
        last_words_s: float = LAST_WORDS_S,
        silence: str = "gave no answer",
        stop: Stop | None = None,
    ) -> None:
        self._decoder = decoder
        self._limit_bytes = limit_bytes
        self._last_words_s = last_words_s
        self._silence = silence
        self._stop = stop
        with contextlib.ExitStack() as on_failure:
            self._errors = on_failure.enter_context(memory_file())
            self._process = _start(command, subprocess.PIPE, subprocess.PIPE, self._errors, environment or {})
            on_failure.pop_all()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._lines = LineReader(self._answers.fileno(), limit_bytes=limit_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The number of the child process."""
        return self._process.pid

    def close(self) -> None:
        """End the child process, and close the pipes to it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._answers, self._errors):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def tell(self, request: msgspec.Struct) -> None:
        """Send a request. Whether it arrived is told by the answer."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(encode_line(request))
            self._requests.flush()

    def hear(self, limit_s: float) -> Answer:
        """Wait for an answer.

        Raises:
            ChildError: it died, took too long or answered something else. It is gone then.
            StopRequestedError: the run shall end.
        """
        try:
            line = self._lines.next(limit_s, stop=self._stop)
        except TimeoutError as error:
            raise self._end(f"{self._silence} within {limit_s:.0f} s and was ended") from error
        except TooLongError as error:
            raise self._end(f"answered with more than {self._limit_bytes} bytes and was ended") from error
        if line is None:
            raise self._closed()
        try:
            return decode_answer(line, self._decoder)
        except ChildError as error:
            raise self._end(str(error)) from error

    def last_words(self) -> str:
        """The end of what it has written to standard error so far."""
        return _tail(self._errors)

    def _closed(self) -> ChildError:
        try:
            return ChildDiedError(Death(self._process.wait(self._last_words_s), self.last_words()))
        except subprocess.TimeoutExpired:
            return self._end("closed its output without ending, and was ended")

    def _end(self, why: str) -> ChildError:
        self._process.kill()
        return ChildError(why, death=Death(self._process.wait(), self.last_words()))


def _start(
    command: Sequence[str],
    given: IO[bytes] | int,
    output: IO[bytes] | int,
    errors: IO[bytes] | None,
    environment: Mapping[str, str],
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=given,
            stdout=output,
            stderr=errors,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    except OSError as error:
        raise ChildError(f"could not be started: {error.strerror or hide_paths(str(error))}") from error


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - TAIL_BYTES))
    tail = errors.read()
    if size > TAIL_BYTES:  # what is left of a word that was cut may be a part of a path
        tail = re.sub(rb"^\S*", b"", tail)
    return tail.decode("utf-8", "replace").strip()
