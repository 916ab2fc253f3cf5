"""The rows of a group as a table for a terminal: before it breaks, columns go and long names get lines of their own."""

import math
from collections.abc import Callable, Sequence

from profiler.base.record import Record
from profiler.base.text import columns, pad, shorten
from profiler.judge.records import Row
from profiler.models.layout import WeightLayout
from profiler.report.bars import draw_interval, draw_scale, scale_for
from profiler.report.screen import Screen, cut
from profiler.report.values import format_bytes, format_interval, format_ratio, format_time

_LEAST_NAME = 9  # columns that a name gets before others go
_MOST_CELL = 24
_WHOLE = 4  # of these layouts: sooner than columns beside the null, names leave the table
_LAYOUTS = (  # the width of the bar, and the columns that are left out: the first that fits is taken
    (13, ()),
    (13, ("null",)),
    (11, ("null",)),
    (9, ("null",)),
    (9, ("null", "weights")),
    (0, ("null", "weights")),
    (0, ("null", "weights", "out,in", "in,out")),
)


class _Column(Record, frozen=True, kw_only=True):
    """Cells of one width, the head first. Those that are painted show the verdict's colour."""

    title: str
    cells: tuple[str, ...]
    is_painted: bool = False


def table_lines(rows: Sequence[Row], screen: Screen, *, bound: float) -> list[str]:
    """A head and a line or two per row, none wider than the screen.

    Args:
        rows: of one group; they share the scale of the bars.
        screen: what can be shown.
        bound: the margin as a log ratio.
    """
    texts = _texts(rows)
    names = [row.title for row in rows]
    layouts = [
        [*(column for column in texts if column.title not in left_out), *_bar_and_verdict(rows, bound, bar)]
        for bar, left_out in _LAYOUTS
    ]
    rooms = [screen.width - sum(len(column.cells[0]) + 1 for column in table) for table in layouts]
    longest = max(map(columns, ["layer", *names]))
    fitting = [at for at in range(_WHOLE) if rooms[at] >= longest]
    fitting += [at for at, room in enumerate(rooms) if room >= _LEAST_NAME]
    chosen = fitting[0] if fitting else -1
    return _lines(rows, layouts[chosen], room=max(1, rooms[chosen]), screen=screen)


def _texts(rows: Sequence[Row]) -> list[_Column]:
    cells: dict[str, Callable[[Row], str]] = {
        "batch": lambda row: row.batch,
        "weights": lambda row: f"{format_bytes(row.weight_bytes).replace(' ', '').replace('iB', '')} {row.fits_in}",
        "out,in": lambda row: format_time(row.arms[WeightLayout.OUT_IN].time_s),
        "in,out": lambda row: format_time(row.arms[WeightLayout.IN_OUT].time_s),
        "null": lambda row: format_interval(row.null),
        "speedup": lambda row: format_ratio(row.speedup),
    }
    return [_column(title, [title, *map(text, rows)]) for title, text in cells.items()]


def _bar_and_verdict(rows: Sequence[Row], bound: float, width: int) -> list[_Column]:
    verdict = _column("verdict", ["verdict", *(row.verdict.value for row in rows)], is_painted=True)
    if not width:
        return [verdict]
    scale = scale_for([row.speedup for row in rows], bound, columns=width)
    floors = [None if row.noise_floor is None else math.log1p(row.noise_floor) for row in rows]
    bars = [draw_interval(row.speedup, scale, noise_floor=floor) for row, floor in zip(rows, floors, strict=True)]
    return [_Column(title="bar", cells=(draw_scale(scale), *bars), is_painted=True), verdict]


def _column(title: str, cells: Sequence[str], *, is_painted: bool = False) -> _Column:
    short = [cut(cell, _MOST_CELL) for cell in cells]
    width = max(map(len, short))
    aligned = (cell.ljust(width) if is_painted else cell.rjust(width) for cell in short)
    return _Column(title=title, cells=tuple(aligned), is_painted=is_painted)


def _lines(rows: Sequence[Row], table: Sequence[_Column], *, room: int, screen: Screen) -> list[str]:
    names = ["layer", *(row.title for row in rows)]
    width = max((columns(name) for name in names if columns(name) <= room), default=room)
    lines: list[str] = []
    above = ("", "")  # the workload that was named last
    for at, name in enumerate(names):
        is_long = columns(name) > room
        workload = (rows[at - 1].case.workload if at else "", name)
        if is_long and workload != above:
            lines.append(shorten(name, screen.width))
        above = workload
        own = pad("" if is_long else name, width)
        verdict = rows[at - 1].verdict if at else None
        cells = [(column.cells[at], column.is_painted) for column in table]
        cells[-1] = (cells[-1][0].rstrip(), True)
        whole = " ".join([own, *(cell for cell, _ in cells)]).rstrip()
        if verdict is None or not screen.color or columns(whole) > screen.width:
            lines.append(cut(whole, screen.width))
            continue
        painted = [screen.paint_verdict(cell, verdict) if is_painted else cell for cell, is_painted in cells]
        lines.append(" ".join([own, *painted]))
    return lines
