"""Removes from a board all that was put there."""

from profiler.base.death import harmless
from profiler.base.errors import RemoteError
from profiler.measure.remote.check import BoardCheck
from profiler.measure.remote.connect import Board
from profiler.measure.remote.messages import RunOutcome
from profiler.measure.remote.talk import ask_script

LIMIT_S = 600.0


async def clean(board: Board, checked: BoardCheck) -> None:
    """Remove the program, the bundles and the runs.

    Raises:
        RemoteError: a run goes on there, or something cannot be removed.
    """
    python, job = checked.facts.pythons[0].path, {"base": checked.facts.base}
    outcome = await ask_script(board, python, "clean", job, RunOutcome, limit_s=LIMIT_S)
    if outcome.error is not None:
        raise RemoteError(f"{board.address} was not cleaned: {harmless(outcome.error)}")
