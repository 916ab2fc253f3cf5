"""The board somebody means by a few letters: `pi3`, `rpi-4`, `Raspberry Pi 5`, `rk3588/cortex-a55`."""

import difflib
import re

from profiler.base.errors import OptionError
from profiler.machine.sources.boardtable import BoardRow, ClusterRow, table

MAX_SUGGESTIONS = 6


def choose_board(text: str) -> tuple[BoardRow, ClusterRow]:
    """The board of that id or name, and its fastest cluster or the one named behind a slash.

    Raises:
        OptionError: the table has no such board, or the board no such core.
    """
    name, _, core = text.partition("/")
    board = _board(name)
    cluster = next((cluster for cluster in board.cluster if not core or _plain(cluster.core) == _plain(core)), None)
    if cluster is None:
        cores = ", ".join(f"{board.id}/{cluster.core}" for cluster in board.cluster)
        raise OptionError(f"{board.id} has no core {core[:40]!r}; there are {cores}")
    return board, cluster


def _board(text: str) -> BoardRow:
    wanted = _plain(text)
    boards = {_plain(name): board for board in table().board for name in reversed(_names(board))}
    ids = {_plain(board.id): board for board in table().board}
    for names in (ids, boards):
        for candidate in (wanted, f"r{wanted}", wanted.removeprefix("raspberry")):
            if candidate in names:
                return names[candidate]
    close = difflib.get_close_matches(wanted, ids, n=MAX_SUGGESTIONS, cutoff=0.5)
    known = ", ".join(ids[name].id for name in close) or "rpi-zero, rpi-3, rpi-4, rpi-5, rk3588 and more"
    raise OptionError(f"the board table has no {text[:60]!r}; did you mean: {known}?")


def _names(board: BoardRow) -> tuple[str, ...]:
    return (*board.match_model, *board.match_compatible, board.soc)


def _plain(text: str) -> str:
    """Letters and digits alone: `Raspberry Pi 3`, `raspberry-pi3`."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
