"""What layouts cost before the steady state: load time, first call, and the memory that loading takes."""

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from profiler.base.record import Record
from profiler.judge.records import Costs, Estimate
from profiler.models.layout import WeightLayout
from profiler.report.case_data import CaseData
from profiler.report.charts.axes import in_panels, layered, seconds_axis, size_axis
from profiler.report.charts.chart import Cases, Chart, Column, Field, Kind
from profiler.report.charts.layout_series import SERIES, series_looks, series_marks
from profiler.report.values import format_bytes, format_time

if TYPE_CHECKING:
    import altair as alt

MIB = 1 << 20
LOAD, FIRST, RISE = "load", "first", "rise"
MEASURES = {LOAD: "time to load", FIRST: "time of the first call", RISE: "rise of memory at load"}
_COLUMNS = {LOAD: ("load", Kind.TIME), FIRST: ("first call", Kind.TIME), RISE: ("memory", Kind.BYTES)}
_READING = (
    "Time to load, time of the first call, and rise of memory at load, each taken in fresh processes. Intervals wider "
    "than the axis are cut off."
)


class CostMeasure(Record, frozen=True, kw_only=True):
    """A measure that somebody took, and the powers of ten between which its points lie.

    An interval of two values may reach over twenty, and shall not set the axis.
    """

    name: str
    decades: tuple[int, int]


def cost_frame(cases: Cases) -> tuple[CostMeasure, ...]:
    """The measures that were taken of any of these cases."""
    return tuple(
        CostMeasure(name=name, decades=_decades(values)) for name in MEASURES if (values := _values(cases, name))
    )


def _estimate(case: CaseData, measure: str, layout: WeightLayout) -> Estimate | None:
    cost: Costs | None = case.row.cost
    if cost is None:
        return None
    return {LOAD: cost.load_s, FIRST: cost.first_call_s, RISE: cost.load_rise_bytes}[measure].get(layout)


def _end(case: CaseData, measure: str, layout: WeightLayout, end: str) -> float | None:
    """Point, low or high end of a measure; None where it is unknown or has no end."""
    estimate = _estimate(case, measure, layout)
    value = None if estimate is None else {"": estimate.point, "_low": estimate.low, "_high": estimate.high}[end]
    return value if value is not None and math.isfinite(value) else None


def _values(cases: Cases, measure: str) -> list[float]:
    """The points of a measure, of both layouts."""
    return [
        value for case in cases for layout in WeightLayout if (value := _end(case, measure, layout, "")) is not None
    ]


def _decades(values: Sequence[float]) -> tuple[int, int]:
    known = [value for value in values if value > 0]
    if not known:
        return 0, 1
    low = math.floor(math.log10(min(known)))
    return low, max(low + 1, math.ceil(math.log10(max(known))))


def _summary(cases: Cases) -> str:
    texts = [
        f"{words} takes {format_time(min(values))} to {format_time(max(values))}"
        for name, words in ((LOAD, "loading"), (FIRST, "the first call"))
        if (values := _values(cases, name))
    ]
    if rises := _values(cases, RISE):
        texts.append(f"memory rises by {format_bytes(round(min(rises)))} to {format_bytes(round(max(rises)))} at load")
    joined = "; ".join(texts)
    return f"{joined[:1].upper()}{joined[1:]}." if joined else "Nobody measured load time, first call or memory."


def _draw(measures: tuple[CostMeasure, ...]) -> "alt.VConcatChart":
    """The measures below one another, a panel for each runtime."""
    import altair as alt

    return alt.vconcat(*map(_measure, measures))


def _measure(measure: CostMeasure) -> "alt.FacetChart":
    layers = [mark for layout in WeightLayout for mark in _layout_marks(measure, layout)]
    chart: alt.FacetChart = in_panels(layered(layers).properties(width=230, height=150), "cost_panel")
    return chart.properties(title=MEASURES[measure.name])


def _layout_marks(measure: CostMeasure, layout: WeightLayout) -> list["alt.Chart"]:
    field = f"{measure.name}_{layout.value}"
    known = series_marks(SERIES[layout], f"isValid(datum.{field})")
    if measure.name == RISE:
        return _memory_marks(known, field, f"mib_{layout.value}", SERIES[layout])
    return _time_marks(known, field, SERIES[layout], measure.decades)


def _time_marks(known: "alt.Chart", field: str, title: str, decades: tuple[int, int]) -> list["alt.Chart"]:
    """Point and interval on a logarithmic axis; what lies beyond the decades of the points is cut off."""
    import altair as alt

    low, high = decades
    scale = alt.Scale(type="log", domain=[10.0**low, 10.0**high], nice=False, clamp=True)
    return _marks(known, field, title, {"scale": scale, "axis": seconds_axis(decades)})


def _memory_marks(known: "alt.Chart", field: str, mib_field: str, title: str) -> list["alt.Chart"]:
    """Point and interval in MiB on a linear axis: memory may fall as well."""
    import altair as alt

    in_mib = {f"{mib_field}{end}": f"datum.{field}{end} / {MIB}" for end in ("", "_low", "_high")}
    axis = alt.Axis(labelExpr="datum.label + ' MiB'", format=".3~g", tickCount=4)
    look = {"scale": alt.Scale(nice=True), "axis": axis}
    return _marks(known.transform_calculate(**in_mib), mib_field, title, look)


def _marks(known: "alt.Chart", field: str, title: str, look: dict[str, Any]) -> list["alt.Chart"]:
    import altair as alt

    looks = series_looks(list(SERIES.values()))
    x = size_axis()
    tooltip = [alt.Tooltip("label:N", title="case"), alt.Tooltip(f"{field}:Q", title=title, format=".3~s")]
    return [
        known.mark_rule(strokeWidth=1.5, opacity=0.7).encode(
            x=x, y=alt.Y(f"{field}_low:Q", title=None, **look), y2=f"{field}_high:Q", color=looks["color"]
        ),
        known.mark_point(size=45, strokeWidth=2).encode(
            x=x, y=alt.Y(f"{field}:Q", title=None, **look), tooltip=tooltip, **looks
        ),
    ]


def _fields() -> tuple[Field, ...]:
    """The panel of a case's runtime and settings, and each measure of both layouts with its interval."""
    panel = Field(name="cost_panel", value_of=lambda case: ", ".join([case.runtime, *case.settings]))
    return panel, *(
        Field(
            name=f"{measure}_{layout.value}{end}",
            value_of=functools.partial(_end, measure=measure, layout=layout, end=end),
        )
        for measure in MEASURES
        for layout in WeightLayout
        for end in ("", "_low", "_high")
    )


CHART = Chart(
    name="cost",
    title="Before the steady state",
    reading=lambda _: _READING,
    summary=_summary,
    columns=tuple(
        Column(field=f"{measure}_{layout.value}", title=f"{words} {layout.axes}", kind=kind)
        for measure, words, kind in (
            (LOAD, "load", Kind.TIME),
            (FIRST, "first call", Kind.TIME),
            (RISE, "memory", Kind.BYTES),
        )
        for layout in WeightLayout
    ),
    frame_of=cost_frame,
    draw=_draw,
    fields=_fields(),
    has_content=lambda cases: bool(cost_frame(cases)),
)
