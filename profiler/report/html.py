"""The report as one self-contained HTML page: no script, no network, works from a USB stick."""

import math

from profiler.errors import MissingPackageError
from profiler.records import Estimate, Record
from profiler.report.cells import RowText, groups, hardware_lines, method_lines, plain, row_text
from profiler.report.summary import Report, Row, Summary

MAX_LOG_RATIO = math.log(2.5)  # a bar's half width; longer ones are cut off at the edge, the number beside it is not


class Bar(Record, frozen=True, kw_only=True):
    """An interval drawn to scale: percent of the bar's width."""

    low: float
    high: float
    point: float
    margin_low: float
    margin_high: float


class HtmlRow(Record, frozen=True, kw_only=True):
    """A table row: its text, why the verdict, and its interval drawn."""

    text: RowText
    css: str
    reason: str
    bar: Bar | None


class HtmlSession(Record, frozen=True, kw_only=True):
    """One session in text; the template only arranges it."""

    summary: Summary
    groups: list[tuple[str, list[HtmlRow]]]
    hardware: list[tuple[str, str]]
    method: list[str]
    failures: list[tuple[str, str, str]]


def render_html(report: Report) -> str:
    """The page.

    Raises:
        MissingPackageError: jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingPackageError("jinja2", extra="report", needed_for="the HTML report") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("profiler.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: plain(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("report.html.j2").render(
        sessions=[_session(summary) for summary in report.sessions], version=report.tool_version
    )
    return page


def _session(summary: Summary) -> HtmlSession:
    return HtmlSession(
        summary=summary,
        groups=[(title, [_row(row, summary.margin) for row in rows]) for title, rows in groups(summary.rows)],
        hardware=hardware_lines(summary.hardware),
        method=method_lines(summary),
        failures=[(f.case or f.runtime, f.stage.value, f.message) for f in summary.failures],
    )


def _row(row: Row, margin: float) -> HtmlRow:
    return HtmlRow(
        text=row_text(row),
        css=row.verdict.value.replace(" ", "-"),
        reason=row.reason,
        bar=_bar(row.speedup, margin),
    )


def _bar(speedup: Estimate | None, margin: float) -> Bar | None:
    if speedup is None or not 0 < speedup.low <= speedup.high:
        return None
    return Bar(
        low=_position(speedup.low),
        high=max(_position(speedup.high), _position(speedup.low) + 0.6),
        point=_position(speedup.point),
        margin_low=_position(1 / (1 + margin)),
        margin_high=_position(1 + margin),
    )


def _position(ratio: float) -> float:
    """Percent of the bar's width, 50 at a ratio of 1, on a logarithmic scale."""
    log_ratio = max(-MAX_LOG_RATIO, min(MAX_LOG_RATIO, math.log(ratio) if math.isfinite(ratio) else MAX_LOG_RATIO))
    return round(50 + 50 * log_ratio / MAX_LOG_RATIO, 2)
