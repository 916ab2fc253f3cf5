"""The forest: each case's interval against the margin, largest effect first, and its null beside it on demand."""

from typing import TYPE_CHECKING

from profiler.judge.records import Estimate
from profiler.report.case_data import CaseData, known_ratio
from profiler.report.charts.axes import RATIO_TITLE, layered, marks_where, ratio_axis, ratio_scale, ratio_span
from profiler.report.charts.chart import Cases, Chart, Column, Field, Kind, Parameter, View
from profiler.report.charts.verdict_marks import (
    HAS_RATIO,
    MARGIN_FIELDS,
    RATIO_COLUMNS,
    VERDICT_COLUMN,
    verdict_marks,
)
from profiler.report.charts.words import NOTHING_MEASURED, verdict_counts

if TYPE_CHECKING:
    import altair as alt

ROW_HEIGHT = 20
_READING = (
    "Sorted by effect. A case is decided when its interval lies wholly on one side of the margin band and of the "
    "noise, or wholly within the band."
)
_SHOW_NULL = Parameter(
    name="show_null",
    value=False,
    control="Show the null beside each case: the same ratio between two copies of one layout",
)


def _null(case: CaseData) -> Estimate | None:
    return known_ratio(case.row.null)


def _summary(cases: Cases) -> str:
    if not cases:
        return NOTHING_MEASURED
    ordered = sorted(cases, key=lambda case: case.speedup or 1)
    first, last = ordered[0], ordered[-1]
    ends = f"from {_interval(first)} to {_interval(last)}" if first is not last else _interval(first)
    return f"{verdict_counts(cases)} They reach {ends}."


def _interval(case: CaseData) -> str:
    return f"{case.speedup:.2f} [{case.low:.2f}, {case.high:.2f}] ({case.label})"


def _draw(span: float) -> "alt.LayerChart":
    """A line for each case, in the order of the data."""
    import altair as alt

    case = alt.Y(
        "label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320, ticks=False, domain=False, minExtent=60)
    )
    band = (
        marks_where(HAS_RATIO)
        .mark_rect(style="band")
        .encode(y=case, x=alt.X("margin_low:Q", scale=ratio_scale(span)), x2="margin_high:Q")
    )
    one = alt.Chart().mark_rule(style="one").encode(x=alt.XDatum(1))
    null = (
        marks_where(f"{_SHOW_NULL.name} && isValid(datum.null_low)")
        .mark_rule(style="null", yOffset=6)
        .encode(
            y=case,
            x=alt.X("null_low:Q", scale=ratio_scale(span), title=RATIO_TITLE, axis=ratio_axis(span, "top")),
            x2="null_high:Q",
        )
    )
    chart = layered([band, one, null, *verdict_marks("x", span, case)])
    return chart.properties(width=420, height=alt.Step(ROW_HEIGHT))


CHART = Chart(
    name="forest",
    title="Every case with its interval",
    reading=lambda _: _READING,
    summary=_summary,
    columns=(
        *RATIO_COLUMNS,
        Column(field="null_low", title="null from", kind=Kind.RATIO),
        Column(field="null_high", title="null to", kind=Kind.RATIO),
        VERDICT_COLUMN,
    ),
    frame_of=ratio_span,
    draw=_draw,
    fields=(
        *MARGIN_FIELDS,
        Field(name="null_low", value_of=lambda case: null.low if (null := _null(case)) else None),
        Field(name="null_high", value_of=lambda case: null.high if (null := _null(case)) else None),
    ),
    parameters=(_SHOW_NULL,),
    views=lambda _: (View(names="label"),),
    falls_by="speedup",
    page_length=80,
    legend_columns=0,
)
