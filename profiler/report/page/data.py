"""What a page's script works on: all cases once, column by column, the charts, and what can be filtered by."""

from collections.abc import Sequence
from typing import Any

import msgspec

from profiler.base.record import Record
from profiler.report.case_data import CaseData, case_data_of
from profiler.report.charts import load_charts
from profiler.report.charts.chart import Chart, Field, Parameter, chart_spec, drawn_values, summary_of, views_of
from profiler.report.charts.theme import config
from profiler.report.document import Report

DIGITS = 5  # of numbers that are drawn: the files to download have them all
_FILTERS = {
    "board": "machine", "runtime": "runtime", "batch": "batch", "form": "form", "dtype": "type", "threads": "threads",
    "weights": "weights", "control": "control", "verdict": "verdict",
}  # fmt: skip
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


class Caption(Record, frozen=True, kw_only=True):
    """What stands around a chart: `reading` how it is to be read, `summary` what it shows of all cases.

    `controls` are those of its parameters that a reader can switch.
    """

    name: str
    title: str
    reading: str
    summary: str
    controls: tuple[Parameter, ...]


class Filter(Record, frozen=True, kw_only=True):
    """What cases can be chosen by; shown where there is more than one value."""

    key: str
    title: str
    values: list[str]


class PageData(Record, frozen=True, kw_only=True):
    """All that the script needs, and the words around its charts."""

    filters: list[Filter]
    captions: list[Caption]
    json: str


def page_data(report: Report) -> PageData:
    """The data of a page.

    Raises:
        MissingPackageError: altair is not installed.
    """
    cases = case_data_of(report)
    known = load_charts()
    charts = [chart for chart in known if chart.has_content(cases)]
    filters = _filters(cases)
    document = {
        "columns": columns_of(cases, [field for chart in known for field in chart.fields]),
        "filters": [{"key": entry.key, "values": entry.values} for entry in filters],
        "configs": {"light": config(is_dark=False), "dark": config(is_dark=True)},
        "charts": {chart.name: _chart_data(chart, cases) for chart in charts},
    }
    return PageData(
        filters=filters,
        captions=[_caption(chart, cases) for chart in charts],
        json=script_safe(msgspec.json.encode(document).decode()),
    )


def _caption(chart: Chart[Any], cases: Sequence[CaseData]) -> Caption:
    return Caption(
        name=chart.name,
        title=chart.title,
        reading=chart.reading(chart.frame_of(cases)),
        summary=summary_of(chart, cases),
        controls=tuple(parameter for parameter in chart.parameters if parameter.control),
    )


def _chart_data(chart: Chart[Any], cases: Sequence[CaseData]) -> dict[str, Any]:
    """All that the script must know of a chart: it knows none by name."""
    frame = chart.frame_of(cases)
    return {
        "spec": chart_spec(chart, frame),
        "views": views_of(chart, frame),
        "columns": chart.columns,
        "parameters": [
            {"name": parameter.name, "box": parameter.id if parameter.control else None, "cell": parameter.least_cell}
            for parameter in chart.parameters
        ],
        "marks": chart.mark_rows(cases),
        "fallsBy": chart.falls_by,
        "pageLength": chart.page_length,
        "legendColumns": chart.legend_columns,
    }


def script_safe(text: str) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or starts another."""
    return text.translate(_ESCAPES)


def columns_of(cases: Sequence[CaseData], fields: Sequence[Field]) -> dict[str, Any]:
    """Each value over all cases: numbers as a list, texts as a list of names and a number for each case."""
    rows = [drawn_values(case, fields) for case in cases]
    return {name: _column([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def _column(values: list[Any]) -> Any:
    if any(isinstance(value, str) for value in values):
        names = list(dict.fromkeys(values))
        codes = {name: at for at, name in enumerate(names)}
        return {"names": names, "codes": [codes[value] for value in values]}
    rounded = [float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value for value in values]
    return {"all": rounded[0], "count": len(rounded)} if len(set(rounded)) == 1 else rounded


def _filters(cases: Sequence[CaseData]) -> list[Filter]:
    found = []
    for key, title in _FILTERS.items():
        values = list(dict.fromkeys(getattr(case, key) for case in cases))
        if key in {"batch", "threads"}:
            values.sort(key=lambda value: (not value.isdecimal(), len(value), value))
        if len(values) > 1:
            found.append(Filter(key=key, title=title, values=values))
    return found
