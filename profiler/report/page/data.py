"""What a page's script works on: all cases once, column by column, the charts, and what can be filtered by."""

from collections.abc import Sequence
from typing import Any

import msgspec

from profiler.base.record import Record
from profiler.report.charts import ChartName, chart_spec, has_content
from profiler.report.charts.frame import Frame, cache_marks, frame_of
from profiler.report.charts.theme import config
from profiler.report.document import Report
from profiler.report.page.captions import Caption, caption_of
from profiler.report.points import Point, points_of

DIGITS = 5  # of numbers that are drawn: the files to download have them all
_FILTERS = {
    "board": "machine", "runtime": "runtime", "batch": "batch", "form": "form", "dtype": "type", "threads": "threads",
    "weights": "weights", "control": "control", "verdict": "verdict",
}  # fmt: skip
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_TIMES = (("out_in_s", "[out, in]", "time"), ("in_out_s", "[in, out]", "time"))
_RATIOS = (("speedup", "speedup", "ratio"), ("low", "from", "ratio"), ("high", "to", "ratio"))
NUMBERS: dict[ChartName, tuple[tuple[str, str, str], ...]] = {
    ChartName.MAP: (
        ("in_features", "inputs", "count"), ("out_features", "outputs", "count"), *_RATIOS,
        ("verdict", "verdict", "text"),
    ),
    ChartName.CACHE: (("weight_bytes", "weights", "bytes"), *_RATIOS, ("verdict", "verdict", "text")),
    ChartName.FOREST: (
        *_RATIOS, ("null_low", "null from", "ratio"), ("null_high", "null to", "ratio"), ("verdict", "verdict", "text"),
    ),
    ChartName.TIME: (("weight_bytes", "weights", "bytes"), *_TIMES, ("bound_s", "least", "time")),
    ChartName.COST: (
        ("load_out_in", "load [out, in]", "time"), ("load_in_out", "load [in, out]", "time"),
        ("first_out_in", "first call [out, in]", "time"), ("first_in_out", "first call [in, out]", "time"),
        ("rise_out_in", "memory [out, in]", "bytes"), ("rise_in_out", "memory [in, out]", "bytes"),
    ),
}  # fmt: skip


class Filter(Record, frozen=True, kw_only=True):
    """What cases can be chosen by; shown where there is more than one value."""

    key: str
    title: str
    values: list[str]


class PageData(Record, frozen=True, kw_only=True):
    """All that the script needs, and the words around its charts."""

    points: tuple[Point, ...]
    filters: list[Filter]
    captions: list[Caption]
    json: str


def page_data(report: Report) -> PageData:
    """The data of a page.

    Raises:
        MissingPackageError: altair is not installed.
    """
    points = points_of(report)
    marks = cache_marks(report, points)
    frame = frame_of(points, marks)
    names = [name for name in ChartName if has_content(name, frame)]
    filters = _filters(points)
    document = {
        "columns": columns_of(points),
        "marks": [msgspec.to_builtins(mark) for mark in marks],
        "filters": [{"key": entry.key, "values": entry.values} for entry in filters],
        "hasGrid": frame.has_grid,
        "specs": {name.value: chart_spec(name, frame) for name in names},
        "configs": {"light": config(is_dark=False), "dark": config(is_dark=True)},
        "numbers": {
            name.value: [{"field": field, "title": title, "kind": kind} for field, title, kind in NUMBERS[name]]
            for name in names
        },
    }
    return PageData(
        points=points,
        filters=filters,
        captions=[caption_of(name, points, marks, frame) for name in names],
        json=script_safe(msgspec.json.encode(document).decode()),
    )


def script_safe(text: str) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or starts another."""
    return text.translate(_ESCAPES)


def columns_of(points: Sequence[Point]) -> dict[str, Any]:
    """Each field over all cases: numbers as a list, texts as a list of names and a number for each case."""
    return {field: _column([getattr(point, field) for point in points]) for field in Point.__struct_fields__}


def _column(values: list[Any]) -> Any:
    if any(isinstance(value, str) for value in values):
        names = list(dict.fromkeys(values))
        codes = {name: at for at, name in enumerate(names)}
        return {"names": names, "codes": [codes[value] for value in values]}
    rounded = [float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value for value in values]
    return {"all": rounded[0], "count": len(rounded)} if len(set(rounded)) == 1 else rounded


def _filters(points: Sequence[Point]) -> list[Filter]:
    found = []
    for key, title in _FILTERS.items():
        values = list(dict.fromkeys(getattr(point, key) for point in points))
        if key in {"batch", "threads"}:
            values.sort(key=lambda value: (not value.isdecimal(), len(value), value))
        if len(values) > 1:
            found.append(Filter(key=key, title=title, values=values))
    return found


def frame_for(report: Report) -> tuple[tuple[Point, ...], list[dict[str, Any]], Frame]:
    """What a picture needs: the cases, the rows of its data set, and the frame."""
    points = points_of(report)
    marks = cache_marks(report, points)
    rows = [msgspec.to_builtins(item) for item in (*points, *marks)]
    return points, rows, frame_of(points, marks)
