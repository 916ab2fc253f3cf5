"""Signals: ending in order when one comes, and saying in words what one means."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Self

_MEANINGS = {
    signal.SIGKILL: "killed; out of memory, or by hand",
    signal.SIGSEGV: "segmentation fault in the runtime",
    signal.SIGILL: "illegal instruction: this build of the runtime was made for newer CPU cores",
    signal.SIGBUS: "bus error: a file changed or the disk failed while it was read",
    signal.SIGABRT: "the runtime aborted",
    signal.SIGFPE: "arithmetic trap in the runtime",
}


class StopRequestedError(Exception):
    """The run was asked to end while it waited for a child."""


class Stop:
    """Whether the run was asked to end, by Ctrl-C, SIGTERM or a hangup. Wakes whoever waits for a worker."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[Self]:
        """Listen while the block runs; the former handlers come back after it."""
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        numbers = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]  # nohup, say
        former = {number: signal.signal(number, self._request) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    @property
    def waiter(self) -> int:
        """A file descriptor that becomes readable when the run shall end."""
        return self._read

    def _request(self, number: int, _frame: object) -> None:
        self.signal = number
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"!")


def unwind(number: int, _frame: object) -> None:
    """A handler that ends the process as an exception would, so that nothing half-written stays; once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


@contextlib.contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """While the block runs, Ctrl-C does nothing: neither here nor in a process that is started meanwhile."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def describe_signal(number: int) -> str:
    """A signal's name and what it usually means here."""
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number} (ended by a signal)"
    return f"{known.name} ({_MEANINGS.get(known, 'ended by a signal')})"
