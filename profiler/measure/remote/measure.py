"""Measures a bundle on one board: check, install, send, start, follow, fetch.

Every step finds out what is done already. So a connection that is lost costs no more than the step it fell into, and
another call with the same bundle and options goes on where this one ended.
"""

import asyncio
import dataclasses
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from profiler.artifacts.bundle import Bundle
from profiler.base.death import harmless
from profiler.base.errors import RemoteError, RemoteLinkError, RunInterruptedError
from profiler.base.files import refuse_existing
from profiler.base.signals import describe_signal
from profiler.measure.remote.check import (
    INSTALL_BYTES,
    BoardCheck,
    check,
    choose_python,
    describe,
    find_problem,
    list_cautions,
)
from profiler.measure.remote.clean import clean
from profiler.measure.remote.connect import Address, Board, connect
from profiler.measure.remote.fetch import HARDWARE_NAME, SESSION_NAME, fetch, save
from profiler.measure.remote.follow import Lines, follow
from profiler.measure.remote.install import Installed, install, prepare
from profiler.measure.remote.messages import RunState, Standing
from profiler.measure.remote.runs import RunPlan, discard, stand, start, stop
from profiler.measure.remote.send import read_files, send
from profiler.session.records import EndReason, Session

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 60.0, 60.0)  # five minutes without the board
FULL_BYTES = 1_000_000
_REFUSED = 2
_SIGNALLED = 128
_AGAIN = "the same command goes on with it"
_FINISHED = (EndReason.COMPLETE, EndReason.BUDGET)


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be done: the run, and the folder here for its session.

    `base` is the folder to use on the board and `python` the Python there, each empty for the usual one.
    """

    bundle: Bundle
    plan: RunPlan
    output: Path
    base: str = ""
    python: str = ""
    wheelhouse: Path | None = None
    force: bool = False
    is_to_stop: bool = False
    is_to_clean: bool = False


@dataclasses.dataclass(frozen=True)
class Result:
    """A session that was fetched, and where it lies. `problem` is why it is not finished, None if it is."""

    path: Path
    session: Session
    problem: str | None
    status: int


async def measure(
    address: Address, order: Order, *, say: Callable[[str], None], pauses: Sequence[float] = PAUSES_S
) -> Result:
    """Measure on one board, through lost connections.

    Args:
        address: where it is.
        order: what to do.
        say: told what happens, a line at a time.
        pauses: how long to wait before each new try, in seconds; from the first again once a try got through.

    Raises:
        BundleError: a file of the bundle is not what its manifest describes.
        OutputError: another session lies in the output folder, or it cannot be written.
        RemoteError: the board cannot be used, or the run ended without a session.
        RemoteLinkError: the board cannot be reached, or no more.
        RunInterruptedError: Ctrl-C; the run on the board goes on.
    """
    errand = _Errand(address, order, say)
    try:
        return await _through_gaps(errand, address, say, pauses)
    except RemoteLinkError as error:
        raise RemoteLinkError(f"{error}{errand.what_goes_on()}") from error
    except asyncio.CancelledError:
        raise RunInterruptedError(signal.SIGINT, f"detached from {address}{errand.what_goes_on()}") from None


async def _through_gaps(
    errand: "_Errand", address: Address, say: Callable[[str], None], pauses: Sequence[float]
) -> Result:
    left: list[float] = []  # the first try has to get through
    while True:
        try:
            async with connect(address) as board:
                left = list(pauses)
                return await errand.do(board)
        except RemoteLinkError as error:
            if not left:
                raise
            say(f"{error}; next try in {left[0]:g} s")
        await asyncio.sleep(left.pop(0))


class _Errand:
    """One run on one board. Remembers what was said and started, so that a new connection goes on there."""

    def __init__(self, address: Address, order: Order, say: Callable[[str], None]) -> None:
        self._address = address
        self._order = order
        self._say = say
        self._files = read_files(order.bundle)
        self._said: set[str] = set()
        self._lines: Lines | None = None  # from when the run was seen to go on

    def what_goes_on(self) -> str:
        """What to know when the board is left alone."""
        if self._lines is None:
            return "; no run was started there"
        return "; the run goes on there: the same command attaches to it again, with --stop it is ended and fetched"

    async def do(self, board: Board) -> Result:
        """Do all that is left to do, from the board's check to the fetched session."""
        checked = await check(board, base=self._order.base, python=self._order.python)
        installed = await self._install(board, checked)
        plan = self._order.plan
        standing = await stand(board, installed, plan)
        if self._lines is None:
            finished = await self._begin(board, installed, standing)
            if finished is not None:
                return await self._end(board, checked, installed, finished)
        assert self._lines is not None
        await follow(board, installed, plan, self._lines)
        standing = await stand(board, installed, plan)
        if standing.state is RunState.RUNNING:  # its log's reader was ended, not the run
            raise RemoteLinkError(f"the connection to {self._address} was lost")
        return await self._end(board, checked, installed, await self._bring(board, installed, standing))

    async def _install(self, board: Board, checked: BoardCheck) -> Installed:
        """The program on the board: where the run goes on the one that measures, so that nothing disturbs it."""
        facts, order = checked.facts, self._order
        if facts.running is not None:
            if facts.running[0] != order.plan.key:
                raise self._busy()
            return Installed(facts.base, facts.running[1])
        python = choose_python(checked, self._address)
        tool = prepare(python, order.wheelhouse)
        is_new = tool.key not in facts.tools
        problem = find_problem(checked, needed_bytes=INSTALL_BYTES if is_new else 0)
        if problem:
            raise RemoteError(f"{self._address} cannot be used: {problem}")
        self._say_once(describe(checked, python))
        for caution in list_cautions(checked):
            self._say_once(f"! {caution}")
        if is_new:
            self._say(f"installing the program ({tool.size_bytes / 1e6:.1f} MB sent; once, a few minutes)")
        return await install(board, checked, python, tool)

    async def _begin(self, board: Board, installed: Installed, standing: Standing) -> Result | None:
        """See to it that the run goes on. A session if there is nothing to go on with."""
        order = self._order
        if standing.state is RunState.BUSY:
            raise self._busy()
        if standing.state is RunState.NONE:
            if order.is_to_stop:
                raise RemoteError(f"there is no run of this bundle with these options on {self._address}")
            for name in (SESSION_NAME, HARDWARE_NAME):
                refuse_existing(order.output / name, force=order.force)
        elif standing.session_bytes is not None:  # refuses a folder with another session in it before hours pass
            result = await self._bring(board, installed, standing)
            if result.problem is None or (order.is_to_stop and standing.state is not RunState.RUNNING):
                return result
        if standing.state is RunState.RUNNING:
            if order.is_to_stop:
                self._say("ending the run")
                await stop(board, installed, order.plan)
            else:
                self._say(f"attached to the run that goes on there: {harmless(standing.last_words)}")
        else:
            await self._start(board, installed, standing)
        self._lines = Lines(self._say)
        self._lines.taken_bytes = standing.log_bytes
        return None

    async def _start(self, board: Board, installed: Installed, standing: Standing) -> None:
        order = self._order
        count, size_bytes = await send(board, installed, order.bundle, self._files)
        if count:
            self._say(f"sent {count} files of the bundle, {size_bytes / 1e6:.1f} MB")
        else:
            self._say("the bundle is there already")
        started = await start(board, installed, order.plan)
        if started.state is RunState.BUSY:
            raise self._busy()
        self._say("started the run" if standing.session_bytes is None else "went on with the run")

    async def _bring(self, board: Board, installed: Installed, standing: Standing) -> Result:
        """Fetch the session as it is now, and write it here."""
        plan = self._order.plan
        problem, status = _problem(standing)
        if standing.session_bytes is None:
            await discard(board, installed, plan)
            raise RemoteError(f"the run on {self._address} {problem}")
        data, session = await fetch(board, installed, plan)
        path = save(self._order.output, data, session, force=self._order.force)
        if session.end is not None and session.end.reason in _FINISHED:
            return Result(path, session, None, 1 if session.failures else 0)
        return Result(path, session, f"the run on {self._address} {problem}; {_AGAIN}", status)

    async def _end(self, board: Board, checked: BoardCheck, installed: Installed, result: Result) -> Result:
        """Leave on the board what a later call needs, and no more."""
        if result.problem is None or self._order.is_to_stop:
            if result.problem is None:
                await discard(board, installed, self._order.plan)
            if self._order.is_to_clean:
                await clean(board, checked)
                self._say("removed everything there")
        return result

    def _busy(self) -> RemoteError:
        return RemoteError(
            f"another run goes on on {self._address}, and two would spoil each other's times; wait for it, or end it "
            "with its own command and --stop"
        )

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _problem(standing: Standing) -> tuple[str, int]:
    """How a run ended that is not finished, and the exit status for it."""
    words, status = harmless(standing.last_words), standing.status
    if standing.state is RunState.RUNNING:
        return "goes on", _REFUSED
    if standing.state is RunState.NONE:
        return "is gone: another call has fetched it", _REFUSED
    if standing.free_bytes < FULL_BYTES:
        return "ended since the disk there is full: free some space", _REFUSED
    if status is None:
        return "was killed, or the board lost its power", _SIGNALLED + signal.SIGKILL
    if status > _SIGNALLED:
        return f"was ended by {describe_signal(status - _SIGNALLED)}", status
    return f"failed with status {status}: {words or 'it said nothing'}", _REFUSED
