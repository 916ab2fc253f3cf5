"""Time per call of both layouts against the size of the weights, and the least the machine could take."""

import altair as alt

from profiler.report.charts.axes import CASES, panels, seconds_axis, size_axis
from profiler.report.charts.frame import Frame

OUT_IN, IN_OUT, BOUND = "transposed [out, in]", "plain [in, out]", "least this machine could take"
LEAST_BOUND = 0.01  # of a call: a bound further below says nothing of it, and would take the room of all others
SHAPES = ["circle", "diamond", "stroke"]


def time_chart(frame: Frame) -> alt.FacetChart:
    """A panel for each runtime and batch, both axes logarithmic."""
    layers = [*layout_marks("out_in_s", OUT_IN, frame), *layout_marks("in_out_s", IN_OUT, frame)]
    if frame.has_bound:
        layers.append(_bound(frame))
    return alt.layer(*layers, data=CASES).properties(width=230, height=190).facet(facet=panels("panel"), columns=3)


def _axis(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title="time per call", scale=alt.Scale(type="log", nice=False, padding=8),
                 axis=seconds_axis())  # fmt: skip


def series_names(frame: Frame) -> list[str]:
    """What the legend names."""
    return [OUT_IN, IN_OUT, *([BOUND] if frame.has_bound else [])]


def series(names: list[str]) -> dict[str, alt.Color | alt.Shape]:
    """Colour and shape by the calculated field `series`, with one legend for all."""
    legend = alt.Legend(title=None, orient="top", labelLimit=260)
    return {
        "color": alt.Color("series:N", scale=alt.Scale(domain=names, range="ordinal"), legend=legend),
        "shape": alt.Shape("series:N", scale=alt.Scale(domain=names, range=SHAPES[: len(names)]), legend=legend),
    }


def marks_of(name: str, condition: str) -> alt.Chart:
    """The marks of one series, of the cases for which `condition` holds."""
    marks: alt.Chart = alt.Chart().transform_filter(condition).transform_calculate(series=f"'{name}'")
    return marks


def layout_marks(field: str, name: str, frame: Frame) -> list[alt.Chart]:
    """A point for each case and a thin line through them."""
    known = marks_of(name, f"isValid(datum.{field})")
    looks = series(series_names(frame))
    tooltip = [
        alt.Tooltip("label:N", title="case"), alt.Tooltip("out_in_s:Q", title="[out, in] seconds", format=".3~s"),
        alt.Tooltip("in_out_s:Q", title="[in, out] seconds", format=".3~s"),
        alt.Tooltip("bound_s:Q", title="least seconds", format=".3~s"),
    ]  # fmt: skip
    return [
        known.mark_line(strokeWidth=1, opacity=0.6).encode(x=size_axis(), y=_axis(field), color=looks["color"]),
        known.mark_point(size=45, strokeWidth=2).encode(x=size_axis(), y=_axis(field), tooltip=tooltip, **looks),
    ]


def _bound(frame: Frame) -> alt.Chart:
    bound: alt.Chart = (
        marks_of(BOUND, f"datum.bound_s > {LEAST_BOUND} * min(datum.out_in_s, datum.in_out_s)")
        .mark_point(size=120, strokeWidth=2)
        .encode(x=size_axis(), y=_axis("bound_s"), **series(series_names(frame)))
    )
    return bound
