"""The report as one self-contained HTML page: no network, works from a USB stick, says the same without JavaScript."""

import base64
import functools
import hashlib
import importlib.resources
import importlib.util
import math
from collections.abc import Callable, Sequence
from typing import Any

from profiler.base.errors import MissingPackageError
from profiler.base.record import Record
from profiler.base.text import plain
from profiler.judge.summary import Summary
from profiler.judge.warnings import Warning_
from profiler.report.appendix import ClaimText, claim_texts, claims_conditions, claims_summary
from profiler.report.case_data import short_board_names
from profiler.report.case_text import advice_text, both_layouts, equal_margin_text, file_sizes
from profiler.report.document import Report
from profiler.report.hardware_text import Section, report_sections
from profiler.report.machine_picture import PAGE_COLOURS, machine_svg
from profiler.report.method import method_lines
from profiler.report.page.data import Caption, Filter, page_data
from profiler.report.page.downloads import Download, downloads_of
from profiler.report.page.glossary import TERMS
from profiler.report.page.library import NEEDED_FOR, javascript
from profiler.report.page.tables import (
    NEXT_STEPS,
    BoardsRow,
    ExecutedGroup,
    PageCase,
    Setting,
    boards_rows,
    executed_groups,
    page_cases,
)
from profiler.report.timeline import MomentText, timeline_texts
from profiler.report.values import (
    format_bytes,
    format_bytes_interval,
    format_interval,
    format_ratio,
    format_time,
    format_time_interval,
)

_FILTERS: dict[str, Callable[[Any], Any]] = {  # how a template spells what a row holds
    "bytes": format_bytes,
    "time": format_time,
    "ratio": format_ratio,
    "interval": format_interval,
    "advice": advice_text,
    "equal_margin": equal_margin_text,
    "file_sizes": file_sizes,
    "both_times": functools.partial(both_layouts, text=format_time_interval),
    "both_sizes": functools.partial(both_layouts, text=format_bytes_interval),
}
LARGE = 1000  # cases: a browser takes seconds to lay out the table of more


class BoardSection(Record, frozen=True, kw_only=True):
    """One session's own parts of the page. `name` is empty where there is one session alone."""

    id: int
    name: str
    summary: Summary
    drawing: Any
    sections: list[Section]
    timeline: list[MomentText]
    canary: str
    method: list[str]
    failures: list["FailureText"]


class FailureText(Record, frozen=True, kw_only=True):
    """What failed, at which stage, and what to do about it, in words."""

    case: str
    stage: str
    message: str
    next_step: str


class Page(Record, frozen=True, kw_only=True):
    """Everything that the template arranges into a page."""

    boards: list[BoardSection]
    side_by_side: list[BoardsRow]
    boards_answer: str
    cautions: tuple[Warning_, ...]
    captions: list[Caption]
    filters: list[Filter]
    settings: Setting
    cases: list[PageCase]
    executed: list[ExecutedGroup]
    downloads: list[Download]
    claims_notes: list[str]
    claims: list[ClaimText]

    @property
    def costs(self) -> list[PageCase]:
        """The cases whose load time and memory were measured."""
        return [case for case in self.cases if case.row.cost is not None]

    @property
    def is_large(self) -> bool:
        """Whether its tables are folded until someone asks for them."""
        return len(self.cases) > LARGE


def missing_packages() -> str | None:
    """Why no page can be written here, None where one can.

    A run shall not end in an error for want of it.
    """
    for package in ("altair", "jinja2"):
        if importlib.util.find_spec(package) is None:
            return str(MissingPackageError(package, extra="report", needed_for=NEEDED_FOR))
    return None


def render_html(report: Report, raw: Sequence[bytes] = ()) -> str:
    """The report as one HTML page. `raw` are the lines of each session, offered for download.

    Raises:
        MissingPackageError: jinja2 or altair is not installed.
    """
    template = _template()
    from markupsafe import Markup

    library, script, style = javascript(), _text("page.js"), _text("page.css")
    data = page_data(report)
    page: str = template.render(
        page=_page(report, raw, data.captions, data.filters, Markup),
        data=Markup(data.json),  # noqa: S704 - escaped for a script element
        library=Markup(library),  # noqa: S704 - ours, as the next two
        script=Markup(script),  # noqa: S704
        style=Markup(style),  # noqa: S704
        hashes=[_hash(library), _hash(script)],
        terms=TERMS,
        version=report.tool_version,
    )
    return page


def _page(report: Report, raw: Sequence[bytes], captions: list[Caption], filters: list[Filter], markup: Any) -> Page:
    names = short_board_names(report) if len(report.sessions) > 1 else ("",)
    settings, cases = page_cases(report)
    return Page(
        boards=[
            _board(number, name, summary, markup)
            for number, (name, summary) in enumerate(zip(names, report.sessions, strict=True))
        ],
        side_by_side=boards_rows(report),
        boards_answer=report.boards_answer,
        cautions=report.boards_cautions,
        captions=captions,
        filters=filters,
        settings=settings,
        cases=cases,
        executed=executed_groups(cases),
        downloads=downloads_of(report, raw),
        claims_notes=[claims_summary(report.claims), claims_conditions(report.claims)] if report.claims else [],
        claims=claim_texts(report.claims) if report.claims else [],
    )  # fmt: skip


def _board(number: int, name: str, summary: Summary, markup: Any) -> BoardSection:
    return BoardSection(
        id=number,
        name=name,
        summary=summary,
        drawing=markup(machine_svg(summary.hardware, colours=PAGE_COLOURS)),
        sections=report_sections(summary.hardware),
        timeline=timeline_texts(summary),
        canary=_canary_points(summary),
        method=method_lines(summary),
        failures=[
            FailureText(case=f.subject, stage=f.stage.value, message=f.message, next_step=NEXT_STEPS[f.stage])
            for f in summary.failures
        ],
    )


@functools.cache
def _template() -> Any:
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise MissingPackageError("jinja2", extra="report", needed_for=NEEDED_FOR) from error

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("profiler.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS
    return environment.get_template("report.html.j2")


@functools.cache
def _text(name: str) -> str:
    return importlib.resources.files("profiler.report").joinpath("templates", name).read_text(encoding="utf-8")


@functools.cache
def _hash(script: str) -> str:
    """The hash by which a Content-Security-Policy names a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _canary_points(summary: Summary) -> str:
    """The canary over the run as the points of a line in a box of 100 by 20; the slowest is on top."""
    values = [moment.conditions.canary_s for moment in summary.timeline if moment.conditions.canary_s]
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    low = min(values)
    high = max(*values, 1.05 * low)
    if not low < high < math.inf:
        return ""
    step = 100 / (len(values) - 1)
    return " ".join(f"{at * step:.1f},{19 - 18 * (value - low) / (high - low):.1f}" for at, value in enumerate(values))
