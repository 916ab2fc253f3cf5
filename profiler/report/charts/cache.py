"""Speedup against the size of the weights, with the board's caches drawn in."""

from typing import Any

import altair as alt

from profiler.report.charts.axes import CASES, RATIO_TITLE, case_tooltip, panels, ratio_axis, ratio_scale, size_axis
from profiler.report.charts.frame import Frame
from profiler.report.charts.theme import SHAPES, UNDECIDED, VERDICTS

HAS_RATIO = "isValid(datum.speedup)"


def cache_chart(frame: Frame) -> alt.FacetChart:
    """A panel for each runtime and batch; undecided cases are hollow and grey."""
    layers = [_band(frame), _one(), *(_caches() if frame.has_caches else ()), *verdict_marks("y", frame)]
    return alt.layer(*layers, data=CASES).properties(width=230, height=190).facet(facet=panels("panel"), columns=3)


def _band(frame: Frame) -> alt.Chart:
    """The margin within which no difference counts, once for each panel."""
    band: alt.Chart = (
        alt.Chart()
        .transform_filter(HAS_RATIO)
        .transform_aggregate(low="min(margin_low)", high="max(margin_high)", groupby=["panel"])
        .mark_rect(style="band")
        .encode(y=alt.Y("low:Q", scale=ratio_scale(frame)), y2="high:Q")
    )
    return band


def _one() -> alt.Chart:
    one: alt.Chart = alt.Chart().mark_rule(style="one").encode(y=alt.YDatum(1))
    return one


def _caches() -> list[alt.Chart]:
    marks = alt.Chart().transform_filter("isValid(datum.cache_bytes)")
    return [
        marks.mark_rule(style="cache-rule").encode(x=alt.X("cache_bytes:Q")),
        marks.mark_text(style="cache-label", align="right", baseline="bottom", angle=270, dx=-4, dy=-3).encode(
            x=alt.X("cache_bytes:Q"), y=alt.value(0), text="cache:N"
        ),
    ]


def verdict_marks(axis: str, frame: Frame, other: alt.X | alt.Y | None = None) -> list[alt.Chart]:
    """Interval and point of each case along `axis`: decided ones in their verdict's colour, undecided ones without.

    Args:
        axis: `x` or `y`, the one with the ratio.
        frame: the scale of the ratio.
        other: the other axis, the size of the weights if None.
    """
    channel, end = (alt.Y, alt.Y2) if axis == "y" else (alt.X, alt.X2)
    away = "x" if axis == "y" else "y"
    place: dict[str, Any] = {away: size_axis() if other is None else other}
    labels: dict[str, Any] = {
        "title": RATIO_TITLE,
        "scale": ratio_scale(frame),
        "axis": ratio_axis(frame, "left" if axis == "y" else "top"),
    }
    interval: dict[str, Any] = {axis: channel("low:Q", **labels), f"{axis}2": end("high:Q"), **place}
    point: dict[str, Any] = {axis: channel("speedup:Q", **labels), **place, "tooltip": case_tooltip()}
    scale = alt.Scale(domain=list(VERDICTS), range="category")
    shapes = alt.Scale(domain=list(VERDICTS), range=list(SHAPES))
    legend = alt.Legend(title=None, orient="top")
    decided = alt.Chart().transform_filter(f"{HAS_RATIO} && datum.verdict != '{UNDECIDED}'")
    undecided = alt.Chart().transform_filter(f"{HAS_RATIO} && datum.verdict == '{UNDECIDED}'")
    colour = alt.Color("verdict:N", scale=scale, legend=legend)
    shape = alt.Shape("verdict:N", scale=shapes, legend=legend)
    return [
        undecided.mark_rule(style="undecided-rule").encode(**interval),
        undecided.mark_point(filled=False, size=55, strokeWidth=1.5).encode(color=colour, shape=shape, **point),
        decided.mark_rule(style="interval").encode(color=colour, **interval),
        decided.mark_point(filled=True, size=70, opacity=1).encode(color=colour, shape=shape, **point),
    ]
