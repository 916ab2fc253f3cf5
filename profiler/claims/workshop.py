"""A child process that does trials, one after the other: torch is imported there, once, and never here."""

import importlib
from typing import Self, TypeVar

import msgspec

from profiler.base.death import ChildError
from profiler.base.errors import MissingPackageError, ProfilerError
from profiler.base.inside import Pipes, release_memory
from profiler.base.process import Conversation, python_command
from profiler.base.signals import ignoring_interrupts
from profiler.runtimes import runtime_info

Answer = TypeVar("Answer")
LAST_WORDS_S = 5.0


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A trial, `module:function`, and its arguments."""

    trial: str
    arguments: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial returned, or why it failed."""

    found: msgspec.Raw = msgspec.Raw(b"null")
    problem: str | None = None


class Workshop:
    """Starts the child when it is first needed, and a new one after one that died. Use as a context manager."""

    def __init__(self) -> None:
        self._child: Conversation[Reply] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child process, if one was started."""
        if self._child is not None:
            self._child.close()
            self._child = None

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
            child = self._started()
            child.tell(task)
            reply = child.hear(limit_s)
        except BaseException:
            self.close()
            raise
        if apart:
            self.close()
        if reply.problem is not None:
            raise ChildError(reply.problem)
        return msgspec.json.decode(reply.found, type=answer)

    def _started(self) -> Conversation[Reply]:
        if self._child is None:
            command = python_command("from profiler.claims.workshop import serve; serve()")
            decoder = msgspec.json.Decoder(Reply)
            with ignoring_interrupts():
                self._child = Conversation(command, decoder, last_words_s=LAST_WORDS_S, silence="did not end")
        return self._child


def serve() -> None:
    """The program of the child process: do tasks until the parent is gone."""
    pipes = Pipes(msgspec.json.Decoder(Task))
    while (task := pipes.request()) is not None:
        pipes.send(perform(task))
        release_memory()


def perform(task: Task) -> Reply:
    """Call the function that a task names, and reply with what it returns or with why it failed."""
    module, _, name = task.trial.partition(":")
    function = getattr(importlib.import_module(module), name)
    try:
        found = msgspec.json.encode(function(**msgspec.json.decode(task.arguments)))
    except (ProfilerError, ImportError, ValueError, ArithmeticError, LookupError, RuntimeError, OSError) as error:
        lines = str(error).splitlines() or [""]
        return Reply(problem=lines[0] if isinstance(error, ProfilerError) else f"{type(error).__name__}: {lines[0]}")
    return Reply(found=msgspec.Raw(found))
