"""JSON lines between two processes: the one framing of every pipe, at either end."""

import os
import select
import time
from typing import TypeVar

import msgspec

from profiler.base.death import ChildError
from profiler.base.signals import Stop, StopRequestedError

_CHUNK_BYTES = 1 << 16
Message = TypeVar("Message")


def encode_line(message: msgspec.Struct) -> bytes:
    """A message as it goes through a pipe."""
    return msgspec.json.encode(message) + b"\n"


def decode_answer(data: bytes, decoder: "msgspec.json.Decoder[Message]") -> Message:
    """The message that a child process sent.

    Raises:
        ChildError: it is not of the expected type.
    """
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ChildError(f"printed what cannot be read: {error}") from error


class TooLongError(Exception):
    """A line goes on beyond what one may have."""


class LineReader:
    """Takes a line at a time from a pipe.

    It never waits for more than the line that is asked for. So a forked worker finds the next request in the pipe and
    not in its parent's memory, as long as each request is answered before the next is written.
    """

    def __init__(self, descriptor: int, *, limit_bytes: int | None = None) -> None:
        self._descriptor = descriptor
        self._limit_bytes = limit_bytes
        self._read = bytearray()

    def next(self, limit_s: float | None = None, *, stop: Stop | None = None) -> bytes | None:
        """The next line; None where the other end is closed.

        Raises:
            TimeoutError: there was none within the limit.
            TooLongError: it is longer than the limit.
            StopRequestedError: the run shall end.
        """
        deadline = None if limit_s is None else time.monotonic() + limit_s
        searched = 0
        while (end := self._read.find(b"\n", searched)) < 0:
            if self._limit_bytes is not None and len(self._read) > self._limit_bytes:
                raise TooLongError
            searched = len(self._read)
            self._wait(deadline, stop)
            piece = os.read(self._descriptor, _CHUNK_BYTES)
            if not piece:
                return None
            self._read += piece
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        return line

    def _wait(self, deadline: float | None, stop: Stop | None) -> None:
        wakers = [self._descriptor] if stop is None else [self._descriptor, stop.waiter]
        left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select(wakers, [], [], left_s)
        if stop is not None and stop.waiter in ready:
            raise StopRequestedError
        if not ready:
            raise TimeoutError
