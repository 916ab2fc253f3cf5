"""Tables and paragraphs of plain text, as wide as a usual terminal."""

import textwrap
from collections.abc import Collection, Sequence

from profiler.base.text import columns, pad, plain, shorten
from profiler.report.screen import WIDTH

_LEAST_ROOM = 24  # columns that a first cell has whatever the others take


def aligned(table: Sequence[Sequence[str]], *, left: Collection[int] = (0,)) -> list[str]:
    """Lines whose columns are as wide as their widest cell; those in `left` begin flush, all others end so.

    A first cell that leaves no room for the others gets a line of its own.
    """
    widths = [max(columns(line[column]) for line in table) for column in range(len(table[0]))]
    room = max(_LEAST_ROOM, WIDTH - sum(width + 1 for width in widths[1:]))
    widths[0] = max((columns(line[0]) for line in table if columns(line[0]) <= room), default=room)
    lines = []
    for first, *others in table:
        if columns(first) > room:
            lines.append(shorten(first, WIDTH))
        cells = [first if columns(first) <= room else "", *others]
        lines.append(
            " ".join(
                pad(cell, width) if column in left else " " * (width - columns(cell)) + cell
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ).rstrip()
        )
    return lines


def wrap(text: str, indent: str = "") -> str:
    """Text as a paragraph; `indent` begins every line but the first."""
    return textwrap.fill(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
