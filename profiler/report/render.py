"""The formats by name."""

import enum
import importlib

from profiler.report.screen import PLAIN, Screen
from profiler.report.summary import Report


class Format(enum.StrEnum):
    """How a report can be written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


def render(report: Report, output_format: Format, screen: Screen = PLAIN) -> str:
    """The report as text in that format; only that for a terminal asks what the screen can show.

    Raises:
        MissingPackageError: HTML without jinja2.
    """
    module = importlib.import_module(f"profiler.report.{output_format}")
    more = (screen,) if output_format is Format.TERMINAL else ()
    text: str = getattr(module, f"render_{output_format}")(report, *more)
    return text
