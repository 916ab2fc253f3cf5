"""A child process that does trials, one after the other: torch is imported there, once, and never here."""

import contextlib
import importlib
import os
import select
import subprocess
import tempfile
import time
from typing import IO, Self, TypeVar

import msgspec

from profiler.base.child import ChildError, describe_death
from profiler.base.errors import MissingPackageError, ProfilerError
from profiler.base.python import python_command
from profiler.base.signals import ignoring_interrupts
from profiler.measure.process import die_with_parent, release_memory
from profiler.runtimes import runtime_info

Answer = TypeVar("Answer")
MAX_REPLY_BYTES = 1_000_000
TAIL_BYTES = 2000
LAST_WORDS_S = 5.0


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A trial, `module:function`, and its arguments."""

    trial: str
    arguments: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What it returned, or why it did not."""

    found: msgspec.Raw = msgspec.Raw(b"null")
    problem: str | None = None


class Workshop:
    """Starts the child when it is first needed, and a new one after one that died. Use as a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process = None

    def ask(
        self, trial: str, answer: type[Answer], *, limit_s: float, apart: bool = False, **arguments: object
    ) -> Answer:
        """Have a trial done.

        Args:
            trial: `module:function`; what it returns can be written as JSON.
            answer: what that is read as.
            limit_s: after so many seconds the child is ended.
            apart: in a child of its own, before and after which none is left.
            arguments: of the function, as far as JSON can carry them.

        Raises:
            MissingPackageError: torch is not installed.
            ChildError: the trial failed, or the child died or took too long.
        """
        if not runtime_info("eager").is_installed:
            raise MissingPackageError("torch", extra="torch", needed_for="this claim")
        if apart:
            self.close()
        task = Task(trial=trial, arguments=msgspec.Raw(msgspec.json.encode(arguments)))
        try:
            reply = msgspec.json.decode(self._exchange(msgspec.json.encode(task), limit_s), type=Reply)
        except BaseException:
            self.close()
            raise
        if apart:
            self.close()
        if reply.problem is not None:
            raise ChildError(reply.problem)
        return msgspec.json.decode(reply.found, type=answer)

    def _exchange(self, task: bytes, limit_s: float) -> bytes:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died: reading tells how
            process.stdin.write(task + b"\n")
            process.stdin.flush()
        read, deadline = b"", time.monotonic() + limit_s
        while not read.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
            if not ready:
                raise ChildError(f"did not end within {limit_s:.0f} s and was ended")
            if not piece:
                raise ChildError(self._last_words(process))
            read += piece
            if len(read) > MAX_REPLY_BYTES:
                raise ChildError(f"answered with more than {MAX_REPLY_BYTES} bytes")
        return read

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
            with ignoring_interrupts():
                self._process = subprocess.Popen(
                    python_command("from profiler.claims.workshop import serve; serve()"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    start_new_session=True,
                )
        return self._process

    def _last_words(self, process: "subprocess.Popen[bytes]") -> str:
        try:
            status = process.wait(LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            return "closed its output without ending"
        assert self._errors is not None
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - TAIL_BYTES))
        return describe_death(status, self._errors.read())


def serve() -> None:
    """The child: do tasks until the parent is gone."""
    die_with_parent()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints shall not get between the replies
    with os.fdopen(0, "rb") as tasks:
        for line in tasks:
            reply = perform(msgspec.json.decode(line, type=Task))
            replies.write(msgspec.json.encode(reply) + b"\n")
            replies.flush()
            release_memory()


def perform(task: Task) -> Reply:
    """Do one trial."""
    module, _, name = task.trial.partition(":")
    function = getattr(importlib.import_module(module), name)
    try:
        found = msgspec.json.encode(function(**msgspec.json.decode(task.arguments)))
    except (ProfilerError, ImportError, ValueError, ArithmeticError, LookupError, RuntimeError, OSError) as error:
        lines = str(error).splitlines() or [""]
        return Reply(problem=lines[0] if isinstance(error, ProfilerError) else f"{type(error).__name__}: {lines[0]}")
    return Reply(found=msgspec.Raw(found))
