"""Speedups with their intervals as marks in the colours of the verdicts, for the charts that show them."""

from typing import TYPE_CHECKING, Any, Literal

from profiler.report.charts.axes import RATIO_TITLE, case_tooltip, marks_where, ratio_axis, ratio_scale
from profiler.report.charts.chart import Column, Field, Kind
from profiler.report.charts.theme import SHAPES, UNDECIDED, VERDICTS

if TYPE_CHECKING:
    import altair as alt

HAS_RATIO = "isValid(datum.speedup)"
MARGIN_FIELDS = (
    Field(name="margin_low", value_of=lambda case: 1 / (1 + case.summary.margin)),
    Field(name="margin_high", value_of=lambda case: 1 + case.summary.margin),
)
RATIO_COLUMNS = (
    Column(field="speedup", title="speedup", kind=Kind.RATIO),
    Column(field="low", title="from", kind=Kind.RATIO),
    Column(field="high", title="to", kind=Kind.RATIO),
)
VERDICT_COLUMN = Column(field="verdict", title="verdict", kind=Kind.TEXT)


def verdict_marks(axis: Literal["x", "y"], span: float, other: "alt.X | alt.Y") -> list["alt.Chart"]:
    """Interval and point of each case along `axis`: decided ones in their verdict's colour, undecided ones without.

    Args:
        axis: the one with the ratio.
        span: how far the ratio's axis reaches.
        other: the other axis.
    """
    import altair as alt

    channel, end = (alt.Y, alt.Y2) if axis == "y" else (alt.X, alt.X2)
    place: dict[str, Any] = {"x" if axis == "y" else "y": other}
    labels: dict[str, Any] = {
        "title": RATIO_TITLE,
        "scale": ratio_scale(span),
        "axis": ratio_axis(span, "left" if axis == "y" else "top"),
    }
    interval: dict[str, Any] = {axis: channel("low:Q", **labels), f"{axis}2": end("high:Q"), **place}
    point: dict[str, Any] = {axis: channel("speedup:Q", **labels), **place, "tooltip": case_tooltip()}
    scale = alt.Scale(domain=list(VERDICTS), range="category")
    shapes = alt.Scale(domain=list(VERDICTS), range=list(SHAPES))
    legend = alt.Legend(title=None, orient="top")
    decided = marks_where(f"{HAS_RATIO} && datum.verdict != '{UNDECIDED}'")
    undecided = marks_where(f"{HAS_RATIO} && datum.verdict == '{UNDECIDED}'")
    colour = alt.Color("verdict:N", scale=scale, legend=legend)
    shape = alt.Shape("verdict:N", scale=shapes, legend=legend)
    return [
        undecided.mark_rule(style="undecided-rule").encode(**interval),
        undecided.mark_point(filled=False, size=55, strokeWidth=1.5).encode(color=colour, shape=shape, **point),
        decided.mark_rule(style="interval").encode(color=colour, **interval),
        decided.mark_point(filled=True, size=70, opacity=1).encode(color=colour, shape=shape, **point),
    ]
