"""Removes from a board all that was put there."""

from profiler.child import harmless
from profiler.errors import RemoteError
from profiler.remote.check import Checked
from profiler.remote.connect import Board
from profiler.remote.messages import Outcome
from profiler.remote.talk import ask_script

LIMIT_S = 600.0


async def clean(board: Board, checked: Checked) -> None:
    """Remove the program, the bundles and the runs.

    Raises:
        RemoteError: a run goes on there, or something cannot be removed.
    """
    python, job = checked.facts.pythons[0].path, {"base": checked.facts.base}
    outcome = await ask_script(board, python, "clean", job, Outcome, limit_s=LIMIT_S)
    if outcome.error is not None:
        raise RemoteError(f"{board.address} was not cleaned: {harmless(outcome.error)}")
