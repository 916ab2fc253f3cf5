"""Tables and paragraphs of plain text, as wide as a usual terminal."""

import textwrap
from collections.abc import Collection, Sequence

from profiler.base.text import plain
from profiler.report.screen import WIDTH


def aligned(table: Sequence[Sequence[str]], *, left: Collection[int] = (0,)) -> list[str]:
    """Lines whose columns are as wide as their widest cell; those in `left` begin flush, all others end so."""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return [
        " ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]


def wrap(text: str, indent: str = "") -> str:
    """Text as a paragraph; `indent` begins every line but the first."""
    return textwrap.fill(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
