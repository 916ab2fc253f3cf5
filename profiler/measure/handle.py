"""The supervisor's handle on a worker: starts it, talks to it, and tells how it died if it did."""

import random
import time
from collections.abc import Sequence
from typing import Self

import msgspec

from profiler.base.death import ChildDiedError, ChildError, Death
from profiler.base.process import LAST_WORDS_S, Conversation, python_command, thread_counts
from profiler.base.signals import Stop
from profiler.measure.messages import EndRequest, ForkRequest, Message, Ready, Rejection, Reply, WorkerEnded

START_LIMIT_S = 300.0  # importing torch takes over 10 s on a Pi; from a worn SD card much longer
REPLY_LIMIT_S = 3600.0
MAX_REPLY_BYTES = 64_000_000
MAX_WORDS = 300
MAX_ENVIRONMENT_BYTES = 4096
_PROGRAM = """
import os, sys
runtime, threads, cpus, kind = sys.argv[1:]
if cpus:
    os.sched_setaffinity(0, [int(cpu) for cpu in cpus.split(",")])
from profiler.measure.worker import main
main(runtime, int(threads), is_nursery=kind == "nursery")
"""


class Worker(Conversation[Reply]):
    """A running worker process. Use as a context manager; it is gone at the end of the block.

    Raises:
        ChildError: it could not be started.
    """

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
        self._born_s = time.monotonic()
        kind = "nursery" if is_nursery else "worker"
        super().__init__(
            python_command(_PROGRAM, runtime, str(threads), ",".join(map(str, cpus)), kind),
            msgspec.json.Decoder(Reply),
            environment=worker_environment(threads, generator),
            limit_bytes=MAX_REPLY_BYTES,
            last_words_s=LAST_WORDS_S,
            stop=stop,
        )

    @property
    def age_s(self) -> float:
        """Seconds since the worker was started."""
        return time.monotonic() - self._born_s

    def start(self) -> Ready | Rejection:
        """Wait until the runtime is imported.

        Raises:
            ChildError: it died or did not answer.
            StopRequestedError: the run shall end.
        """
        reply = self.hear(START_LIMIT_S)
        assert isinstance(reply, Ready | Rejection)
        return reply

    def request(self, message: Message) -> Reply:
        """Send a request and wait for its reply.

        Raises:
            ChildError: it died or did not answer.
            StopRequestedError: the run shall end.
        """
        self.tell(message)
        reply = self.hear(REPLY_LIMIT_S)
        if isinstance(reply, WorkerEnded) and reply.status != 0:  # a nursery tells of its worker
            raise ChildDiedError(Death(reply.status, self.last_words()))
        return reply


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
        """End the worker in order; anything else may have left a reply in the pipe, so that it ends the nursery too."""
        try:
            if kind is None and not self.is_over:
                self._nursery.request(EndRequest())
                return
        except ChildError:
            pass
        self.is_over = True

    @property
    def age_s(self) -> float:
        """Seconds since the worker, or the nursery before it, was started."""
        return self._nursery.age_s if self._is_new else time.monotonic() - self._born_s

    def start(self) -> Ready | Rejection:
        """Wait until the runtime is imported, if that was not done before, and the worker is forked."""
        if self._is_new:
            first = self._nursery.start()
            if not isinstance(first, Ready):
                self.is_over = True
                return first
        reply = self._nursery.request(ForkRequest())
        assert isinstance(reply, Ready)
        return reply

    def request(self, message: Message) -> Reply:
        """Send a request and wait for its reply."""
        return self._nursery.request(message)


def worker_environment(threads: int, generator: random.Random) -> dict[str, str]:
    """The thread counts of every BLAS, and padding of random size.

    The size of the environment moves the stack, and with it the time (Mytkowicz et al. 2009).
    """
    padding = "x" * generator.randrange(MAX_ENVIRONMENT_BYTES)
    return {**thread_counts(threads), "LAYOUT_PROFILER_PADDING": padding}


def message_of(error: ChildError) -> str:
    """How a worker was lost, as a session says it beside the signal or status and the last words."""
    if not isinstance(error, ChildDiedError):
        return str(error)
    death = error.death
    return death.cause if death.signal is not None else f"{death.cause}: {death.last_line[:MAX_WORDS]}"
