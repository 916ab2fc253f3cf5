"""The formats of a report by their names, and a report as text in any of them."""

import enum
import importlib
from collections.abc import Sequence
from typing import Any

from profiler.report.document import Report
from profiler.report.screen import PLAIN, Screen


class Format(enum.StrEnum):
    """How a report can be written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


def render(report: Report, output_format: Format, *, screen: Screen = PLAIN, raw: Sequence[bytes] = ()) -> str:
    """The report as text in that format.

    Args:
        report: what to show.
        output_format: how.
        screen: what a terminal can show.
        raw: the lines of each session, which HTML offers for download.

    Raises:
        MissingPackageError: HTML without the extra `report`.
    """
    module = importlib.import_module(f"profiler.report.{output_format}")
    more: dict[str, Any] = {}
    if output_format is Format.TERMINAL:
        more["screen"] = screen
    if output_format is Format.HTML:
        more["raw"] = raw
    text: str = getattr(module, f"render_{output_format}")(report, **more)
    return text
