"""The formats by name."""

import enum
import importlib
from collections.abc import Sequence

from profiler.report.summary import Report


class Format(enum.StrEnum):
    """How a report can be written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


def render(report: Report, output_format: Format, *, raw: Sequence[bytes] = ()) -> str:
    """The report as text in that format. `raw` are the lines of each session: HTML offers them for download.

    Raises:
        MissingPackageError: HTML without the extra `report`.
    """
    module = importlib.import_module(f"profiler.report.{output_format}")
    more = {"raw": raw} if output_format is Format.HTML else {}
    text: str = getattr(module, f"render_{output_format}")(report, **more)
    return text
