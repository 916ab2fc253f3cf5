"""The formats by name."""

import enum
import importlib

from profiler.report.summary import Report


class Format(enum.StrEnum):
    """How a report can be written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


def render(report: Report, output_format: Format) -> str:
    """The report as text in that format.

    Raises:
        MissingPackageError: HTML without jinja2.
    """
    module = importlib.import_module(f"profiler.report.{output_format}")
    text: str = getattr(module, f"render_{output_format}")(report)
    return text
