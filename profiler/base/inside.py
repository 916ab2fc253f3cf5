"""The child's end of a child process: it ends with its parent, and reads requests and writes answers undisturbed."""

import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import IO, Generic, TypeVar

import msgspec

from profiler.base.lines import LineReader, encode_line

Request = TypeVar("Request")


def die_with_parent(parent: int) -> None:
    """End with the process of that number, however it dies: on Linux the kernel sees to it, elsewhere a closed pipe.

    A child that went on alone would disturb whatever is measured next.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before that
            os._exit(1)


def release_memory() -> None:
    """Give back what a case held, or what loading left over: a board shall need the memory of one case, once."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


class Pipes(Generic[Request]):
    """Standard input and what was standard output; whatever a library prints goes to standard error."""

    def __init__(self, decoder: "msgspec.json.Decoder[Request]") -> None:
        self._decoder = decoder
        self._requests = LineReader(0)
        self._answers = _take_output()

    def request(self) -> Request | None:
        """The next request, None when the parent has closed its end."""
        line = self._requests.next()
        return None if line is None else self._decoder.decode(line)

    def send(self, answer: msgspec.Struct) -> None:
        """Write an answer to the parent as a line of JSON."""
        self._answers.write(encode_line(answer))
        self._answers.flush()


def answer_once(decoder: "msgspec.json.Decoder[Request]", act: Callable[[Request], msgspec.Struct]) -> None:
    """Read the one job of this process, do it and print what it gives."""
    answers = _take_output()
    job = decoder.decode(sys.stdin.buffer.read())
    with answers:
        answers.write(encode_line(act(job)))


def _take_output() -> IO[bytes]:
    """What was standard output, which becomes a second standard error."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output
