"""The worker's end of the two pipes: a request at a time in, a reply at a time out.

Nothing is read ahead, so that a forked worker finds the next request in the pipe and not in its parent's buffer.
"""

import os
from typing import IO

import msgspec

from profiler.measure.messages import Message, Request

_decoder = msgspec.json.Decoder(Request)


class Pipes:
    """Standard input and what was standard output; whatever a library prints goes to standard error."""

    def __init__(self) -> None:
        self._replies: IO[bytes] = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._read = b""

    def request(self) -> Request | None:
        """The next request, None when the supervisor has closed its end."""
        while b"\n" not in self._read:
            piece = os.read(0, 1 << 16)
            if not piece:
                return None
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        request: Request = _decoder.decode(line)
        return request

    def send(self, reply: Message) -> None:
        """Answer."""
        self._replies.write(msgspec.json.encode(reply) + b"\n")
        self._replies.flush()
