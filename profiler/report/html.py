"""The report as one self-contained HTML page: no script, no network, works from a USB stick."""

import math

from profiler.errors import MissingPackageError
from profiler.records import Estimate, Record
from profiler.report.cells import CostText, RowText, bound_lines, cost_text, groups, limit_lines, plain, row_text
from profiler.report.facts import MomentText, method_lines, timeline_texts
from profiler.report.machine import Section, report_sections
from profiler.report.summary import Report, Row, Summary

MIN_SPAN = math.log(1.1)  # a bar's half width is at least this, so that noise does not look like an effect
MAX_SPAN = math.log(2.5)  # and at most this: longer bars are cut off at the edge, the numbers beside them are not


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
    cost: CostText | None


class HtmlGroup(Record, frozen=True, kw_only=True):
    """The rows of one table."""

    title: str
    rows: list[HtmlRow]
    bound: list[str]
    limited: list[str]


class HtmlSession(Record, frozen=True, kw_only=True):
    """One session in text; the template only arranges it."""

    summary: Summary
    groups: list[HtmlGroup]
    timeline: list[MomentText]
    canary: str
    hardware: list[Section]
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
    ends = [end for row in summary.rows if row.speedup for end in (row.speedup.low, row.speedup.high)]
    span = max([MIN_SPAN, *(abs(math.log(end)) for end in ends if 0 < end < math.inf)])
    span = min(MAX_SPAN, span)
    return HtmlSession(
        summary=summary,
        groups=[
            HtmlGroup(
                title=title,
                rows=[_row(row, summary.margin, span) for row in rows],
                bound=bound_lines(rows),
                limited=limit_lines(rows),
            )
            for title, rows in groups(summary.rows)
        ],
        timeline=timeline_texts(summary),
        canary=_canary_points(summary),
        hardware=report_sections(summary.hardware),
        method=method_lines(summary),
        failures=[(f.subject, f.stage.value, f.message) for f in summary.failures],
    )


def _row(row: Row, margin: float, span: float) -> HtmlRow:
    return HtmlRow(
        text=row_text(row),
        css=row.verdict.value.replace(" ", "-"),
        reason=row.reason,
        bar=_bar(row.speedup, margin, span),
        cost=cost_text(row),
    )


def _canary_points(summary: Summary) -> str:
    """The canary over the run as the points of a line in a box of 100 by 20; the slowest is on top."""
    values = [moment.conditions.canary_s for moment in summary.timeline if moment.conditions.canary_s]
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    low = min(values)
    high = max(*values, 1.05 * low)
    if not high > low:
        return ""
    step = 100 / (len(values) - 1)
    return " ".join(f"{at * step:.1f},{19 - 18 * (value - low) / (high - low):.1f}" for at, value in enumerate(values))


def _bar(speedup: Estimate | None, margin: float, span: float) -> Bar | None:
    if speedup is None or not 0 < speedup.low <= speedup.high:
        return None
    low, high = _position(speedup.low, span), _position(speedup.high, span)
    return Bar(
        low=low,
        high=max(high, low + 0.6),
        point=_position(speedup.point, span),
        margin_low=_position(1 / (1 + margin), span),
        margin_high=_position(1 + margin, span),
    )


def _position(ratio: float, span: float) -> float:
    """Percent of the bar's width, 50 at a ratio of 1, on a logarithmic scale that reaches `span` to either side."""
    log_ratio = math.log(ratio) if ratio < math.inf else span
    return round(50 + 50 * max(-span, min(span, log_ratio)) / span, 2)
