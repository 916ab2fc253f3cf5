"""What a terminal can show. Commands find out by looking at it; drawing is then a matter of text alone."""

import textwrap

import click

from profiler.base.record import Record
from profiler.judge.records import Verdict

WIDTH = 80
COLORS = {Verdict.PAYS_OFF: "green", Verdict.COSTS: "red", Verdict.EQUAL: "bright_blue", Verdict.UNDECIDED: None}
DRAWN = {
    **dict(zip("".join(chr(0x2581 + step) for step in range(8)), "_.:-=+*#", strict=True)),
    "├": "|",
    "┤": "|",
    "─": "-",
    "●": "o",
    "·": ".",
    "◂": "<",
    "▸": ">",
    "═": "=",
    "━": "=",
    "…": "~",
}  # what we draw, and the nearest ASCII
_TO_ASCII = str.maketrans(DRAWN)


class Screen(Record, frozen=True, kw_only=True):
    """A terminal, or whatever takes its place: whether it shows colours and more than ASCII, and how many columns."""

    color: bool = False
    unicode: bool = True
    width: int = WIDTH

    def fit(self, page: str) -> str:
        """A page that was set for 80 columns, in the columns and characters that there are."""
        lines = (
            page.split("\n")
            if self.width >= WIDTH
            else [part for line in page.split("\n") for part in self._fold(line)]
        )
        return self.spell("\n".join(lines))

    def _fold(self, line: str) -> list[str]:
        if len(click.unstyle(line)) <= self.width:
            return [line]
        indent = " " * min(self.width // 2, len(line) - len(line.lstrip()) + 2)
        return textwrap.wrap(line, self.width, subsequent_indent=indent, break_on_hyphens=False)

    def spell(self, text: str) -> str:
        """The text in characters that can be shown."""
        if self.unicode:
            return text
        return text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")

    def paint(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        """The text in that colour, where there are colours."""
        if not self.color or not (fg or bold or dim):
            return text
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None)

    def paint_verdict(self, text: str, verdict: Verdict) -> str:
        """The text in the colour of a verdict."""
        return self.paint(text, fg=COLORS[verdict], dim=verdict is Verdict.UNDECIDED)


PLAIN = Screen()


def cut(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[:width]
