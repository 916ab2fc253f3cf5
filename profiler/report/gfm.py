"""GitHub-flavoured Markdown: text that is shown as it is, and tables of it."""

import re
from collections.abc import Iterable, Sequence

from profiler.base.text import plain


def escape(text: object) -> str:
    """Text that Markdown shows as it is: no links, no HTML, no table breaks."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&@]|:(?=//)|(?<=www)\.)", r"\\\1", plain(text), flags=re.IGNORECASE)


def render_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table whose cells are shown as they are; a cell that is a tuple has a line for each."""
    lines: list[Iterable[str]] = [head, ("---",) * len(head), *(map(_cell, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(content: object) -> str:
    return "<br>".join(map(escape, content)) if isinstance(content, tuple) else escape(content)
