"""Time per call of both layouts against the size of the weights, and the least the machine could take."""

from typing import TYPE_CHECKING

from profiler.models.layout import WeightLayout
from profiler.report.case_data import CaseData
from profiler.report.charts.axes import in_panels, layered, seconds_axis, size_axis
from profiler.report.charts.chart import Cases, Chart, Column, Field, Kind
from profiler.report.charts.layout_series import (
    SERIES,
    TIME_COLUMNS,
    TIME_FIELDS,
    drawable_time,
    series_looks,
    series_marks,
    time_of,
)
from profiler.report.charts.words import case_count
from profiler.report.values import format_time

if TYPE_CHECKING:
    import altair as alt

BOUND = "least this machine could take"
LEAST_BOUND = 0.01  # of a call: a bound further below says nothing of it, and would take the room of all others
_READING = (
    "Both layouts, and the least time that this machine could take where it is known; bounds below a hundredth of a "
    "call are left out."
)


def bound_of(case: CaseData) -> float | None:
    """The least seconds that the machine could take, None where that is unknown or cannot be drawn."""
    return drawable_time(case.row.limit.bound_s) if case.row.limit else None


def series_names(cases: Cases) -> tuple[str, ...]:
    """What the legend names: both layouts, and the least time if it is known of any measured case."""
    has_bound = any(case.speedup is not None and bound_of(case) is not None for case in cases)
    return (*SERIES.values(), *([BOUND] if has_bound else []))


def _summary(cases: Cases) -> str:
    known = [
        (case, times) for case in cases if (times := [t for layout in WeightLayout if (t := time_of(case, layout))])
    ]
    if not known:
        return "No time was measured."
    every = [time for _, times in known for time in times]
    text = f"A call takes {format_time(min(every))} to {format_time(max(every))} in {case_count(cases)}."
    bounds = [
        (bound / min(times), case)
        for case, times in known
        if len(times) == len(WeightLayout) and (bound := bound_of(case))
    ]
    if not bounds:
        return f"{text} What this machine could do at best is not known."
    share, nearest = max(bounds, key=lambda pair: pair[0])
    return f"{text} Nearest to what this machine could do is {nearest.label}, at {100 * share:.0f} % of it."


def _draw(names: tuple[str, ...]) -> "alt.FacetChart":
    """A panel for each runtime and batch, both axes logarithmic."""
    looks = series_looks(names)
    layers = [mark for layout, name in SERIES.items() for mark in _layout_marks(f"{layout.value}_s", name, looks)]
    if BOUND in names:
        layers.append(_bound_marks(looks))
    return in_panels(layered(layers).properties(width=230, height=190), "panel")


def _axis(field: str) -> "alt.Y":
    import altair as alt

    return alt.Y(f"{field}:Q", title="time per call", scale=alt.Scale(type="log", nice=False, padding=8),
                 axis=seconds_axis())  # fmt: skip


def _layout_marks(field: str, name: str, looks: dict[str, "alt.Color | alt.Shape"]) -> list["alt.Chart"]:
    """A point for each case and a thin line through them."""
    import altair as alt

    known = series_marks(name, f"isValid(datum.{field})")
    tooltip = [
        alt.Tooltip("label:N", title="case"), alt.Tooltip("out_in_s:Q", title="[out, in] seconds", format=".3~s"),
        alt.Tooltip("in_out_s:Q", title="[in, out] seconds", format=".3~s"),
        alt.Tooltip("bound_s:Q", title="least seconds", format=".3~s"),
    ]  # fmt: skip
    return [
        known.mark_line(strokeWidth=1, opacity=0.6).encode(x=size_axis(), y=_axis(field), color=looks["color"]),
        known.mark_point(size=45, strokeWidth=2).encode(x=size_axis(), y=_axis(field), tooltip=tooltip, **looks),
    ]


def _bound_marks(looks: dict[str, "alt.Color | alt.Shape"]) -> "alt.Chart":
    bound: alt.Chart = (
        series_marks(BOUND, f"datum.bound_s > {LEAST_BOUND} * min(datum.out_in_s, datum.in_out_s)")
        .mark_point(size=120, strokeWidth=2)
        .encode(x=size_axis(), y=_axis("bound_s"), **looks)
    )
    return bound


CHART = Chart(
    name="time",
    title="Time per call",
    reading=lambda _: _READING,
    summary=_summary,
    columns=(
        Column(field="weight_bytes", title="weights", kind=Kind.BYTES),
        *TIME_COLUMNS,
        Column(field="bound_s", title="least", kind=Kind.TIME),
    ),
    frame_of=series_names,
    draw=_draw,
    fields=(
        *TIME_FIELDS,
        Field(name="bound_s", value_of=bound_of),
    ),
)
