"""Looks at where output goes: a terminal or a file, with colours or without, in which characters."""

import os
import shutil
from typing import TextIO

from profiler.report.screen import DRAWN, PLAIN, WIDTH, Screen

MOST_COLUMNS = 100  # beyond that a report gains nothing
LEAST_COLUMNS = 40
_ASCII_LOCALES = {"C", "POSIX"}


def screen_of(stream: TextIO | None) -> Screen:
    """What can be shown there. Colours need a terminal, and that neither NO_COLOR nor TERM=dumb speaks against them."""
    if stream is None:  # closed before the program began
        return PLAIN
    is_terminal = stream.isatty()
    columns = shutil.get_terminal_size((WIDTH, 24)).columns if is_terminal else WIDTH
    return Screen(
        color=is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        unicode=can_draw(stream.encoding),
        width=max(LEAST_COLUMNS, min(MOST_COLUMNS, columns)),
    )


def can_draw(encoding: str | None) -> bool:
    """Whether an encoding has the characters that we draw with, and the user's locale has more than ASCII.

    Python writes UTF-8 in the C locale; whoever chose it meant a terminal that may not.
    """
    variables = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((value for name in variables if (value := os.environ.get(name))), None)
    is_told = "PYTHONIOENCODING" in os.environ or "PYTHONUTF8" in os.environ
    if locale in _ASCII_LOCALES and not is_told:
        return False
    try:
        "".join(DRAWN).encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
