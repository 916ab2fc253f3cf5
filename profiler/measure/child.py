"""Starts a worker, talks to it, and tells how it died if it did."""

import contextlib
import os
import random
import select
import subprocess
import time
from collections.abc import Sequence
from typing import IO, Self

import msgspec

from profiler.base.files import memory_file
from profiler.base.python import python_command
from profiler.base.signals import Stop, describe_signal
from profiler.measure.messages import EndRequest, ForkRequest, Gone, Message, Rejected, Reply, Started

START_LIMIT_S = 300.0  # importing torch takes over 10 s on a Pi; from a worn SD card much longer
REPLY_LIMIT_S = 3600.0
LAST_WORDS_S = 2.0  # between closing its output and ending; a core dump on an SD card takes about that
MAX_REPLY_BYTES = 64_000_000
STDERR_TAIL_BYTES = 2000
MAX_ENVIRONMENT_BYTES = 4096
_PROGRAM = """
import os, sys
runtime, threads, cpus, kind = sys.argv[2:]
if cpus:
    os.sched_setaffinity(0, [int(cpu) for cpu in cpus.split(",")])
from profiler.measure.worker import main
main(runtime, int(threads), is_nursery=kind == "nursery")
"""
_decoder = msgspec.json.Decoder(Reply)


class WorkerDiedError(Exception):
    """The worker is gone. Holds what is known of its death."""

    def __init__(self, *, exit_signal: int | None, exit_status: int | None, message: str, stderr_tail: str) -> None:
        super().__init__(message)
        self.exit_signal = exit_signal
        self.exit_status = exit_status
        self.message = message
        self.stderr_tail = stderr_tail


class StopRequestedError(Exception):
    """The run was asked to end while a worker was busy."""


class Worker:
    """A running worker process. Use as a context manager; it is gone at the end of the block."""

    def __init__(
        self,
        runtime: str,
        *,
        threads: int,
        cpus: Sequence[int],
        stop: Stop,
        generator: random.Random,
        is_nursery: bool = False,
    ) -> None:
        self._stop = stop
        self._born_s = time.monotonic()
        self._stderr: IO[bytes] = memory_file()  # closed in __exit__
        self._buffer = b""
        self._process = subprocess.Popen(
            python_command(
                _PROGRAM, runtime, str(threads), ",".join(map(str, cpus)), "nursery" if is_nursery else "worker"
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=_environment(threads, generator),
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    @property
    def pid(self) -> int:
        """The process identifier."""
        return self._process.pid

    @property
    def age_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._born_s

    def start(self) -> Started | Rejected:
        """Wait until the runtime is imported.

        Raises:
            WorkerDiedError: it died or did not answer.
            StopRequestedError: the run shall end.
        """
        reply = self._receive(START_LIMIT_S)
        assert isinstance(reply, Started | Rejected)
        return reply

    def request(self, message: Message) -> Reply:
        """Send a request and wait for its reply.

        Raises:
            WorkerDiedError: it died or did not answer.
            StopRequestedError: the run shall end.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died: reading tells how
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()
        return self._receive(REPLY_LIMIT_S)

    def _receive(self, limit_s: float) -> Reply:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + limit_s
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([pipe, self._stop.waiter], [], [], max(0.0, left))
            if self._stop.waiter in ready:
                raise StopRequestedError
            if not ready:
                self._process.kill()
                raise self._death(f"gave no answer within {limit_s:.0f} s and was ended")
            piece = os.read(pipe, 1 << 16)
            if not piece:
                raise self._death()
            if len(self._buffer) > MAX_REPLY_BYTES:
                self._process.kill()
                raise self._death(f"answered with more than {MAX_REPLY_BYTES} bytes and was ended")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply: Reply = _decoder.decode(line)
        if isinstance(reply, Gone) and reply.status != 0:  # a nursery tells of its worker
            raise self._death(status=reply.status)
        return reply

    def _death(self, message: str | None = None, *, status: int | None = None) -> WorkerDiedError:
        if status is None:
            try:
                status = self._process.wait(timeout=LAST_WORDS_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                status = self._process.wait()
                message = message or "closed its output without ending, and was ended"
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - STDERR_TAIL_BYTES))
        tail = self._stderr.read().decode("utf-8", "replace").strip()
        number = -status if status < 0 else None
        if message is None:
            message = describe_signal(number) if number is not None else _last_line(tail, status)
        return WorkerDiedError(
            exit_signal=number, exit_status=None if number is not None else status, message=message, stderr_tail=tail
        )


class ForkedWorker:
    """A worker that a nursery forks, for the time of the block. The nursery lives on unless its worker died."""

    def __init__(self, nursery: Worker, *, is_new: bool) -> None:
        self._nursery = nursery
        self._is_new = is_new
        self._born_s = time.monotonic()
        self.is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """End it in order; whatever else ended it may have left a reply in the pipe, so that ends the nursery too."""
        try:
            if kind is None and not self.is_over:
                self._nursery.request(EndRequest())
                return
        except WorkerDiedError:
            pass
        self.is_over = True

    @property
    def age_s(self) -> float:
        """Seconds since it, or the nursery before it, was started."""
        return self._nursery.age_s if self._is_new else time.monotonic() - self._born_s

    def start(self) -> Started | Rejected:
        """Wait until the runtime is imported, if that was not done before, and the worker is forked."""
        if self._is_new:
            first = self._nursery.start()
            if not isinstance(first, Started):
                self.is_over = True
                return first
        reply = self._nursery.request(ForkRequest())
        assert isinstance(reply, Started)
        return reply

    def request(self, message: Message) -> Reply:
        """Send a request and wait for its reply."""
        return self._nursery.request(message)


def _last_line(tail: str, status: int) -> str:
    return f"exit status {status}: {tail.splitlines()[-1][:300] if tail else 'it said nothing'}"


def _environment(threads: int, generator: random.Random) -> dict[str, str]:
    """The parent's environment, the thread counts of every BLAS, and padding of random size.

    The size of the environment moves the stack, and with it the time (Mytkowicz et al. 2009).
    """
    counts = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(counts, str(threads)),
        "VECLIB_MAXIMUM_THREADS": str(threads),
        "LAYOUT_PROFILER_PADDING": "x" * generator.randrange(MAX_ENVIRONMENT_BYTES),
    }
