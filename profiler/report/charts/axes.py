"""Axes that several charts have: the ratio around 1, the weights' size, seconds."""

from typing import Literal

import altair as alt

from profiler.report.charts.frame import Frame

CASES = alt.NamedData(name="cases")  # what every chart shows; the page and the pictures bring it
MOST_DECADES = 6  # with a label each
SIZE_TITLE = "size of the weights"
RATIO_TITLE = "times as fast with transposed weights"

_BYTES = (
    "datum.value < 1024 ? format(datum.value, '.3~g') + ' B' : "
    "datum.value < 1048576 ? format(datum.value / 1024, '.3~g') + ' KiB' : "
    "datum.value < 1073741824 ? format(datum.value / 1048576, '.3~g') + ' MiB' : "
    "format(datum.value / 1073741824, '.3~g') + ' GiB'"
)
_SECONDS = (
    "datum.value < 1e-6 ? format(datum.value * 1e9, '.3~g') + ' ns' : "
    "datum.value < 1e-3 ? format(datum.value * 1e6, '.3~g') + ' us' : "
    "datum.value < 1 ? format(datum.value * 1e3, '.3~g') + ' ms' : format(datum.value, '.3~g') + ' s'"
)


def size_axis(field: str = "weight_bytes") -> alt.X:
    """Bytes of weights, in powers of two."""
    return alt.X(
        f"{field}:Q",
        title=SIZE_TITLE,
        scale=alt.Scale(type="log", base=2, nice=False, padding=12),
        axis=alt.Axis(labelExpr=_BYTES, tickCount=5, labelOverlap=True, grid=False),
    )


def ratio_scale(frame: Frame) -> alt.Scale:
    """A logarithmic scale with 1 in its middle; what lies beyond is drawn at its edge."""
    return alt.Scale(type="log", domain=[1 / frame.span, frame.span], nice=False, clamp=True)


def ratio_axis(frame: Frame, orient: Literal["top", "left"] = "left") -> alt.Axis:
    """Labels at ratios that people think in."""
    return alt.Axis(orient=orient, values=list(frame.ticks), format=".3~g", labelExpr="datum.label + 'x'")


def seconds_axis(decades: tuple[int, int] | None = None) -> alt.Axis:
    """Labels with units; over few decades at 1, 2 and 5 of each."""
    if decades is None:
        return alt.Axis(labelExpr=_SECONDS, tickCount=5, labelOverlap=True)
    low, high = decades
    steps = (1, 2, 5) if high - low == 1 else (1,)
    apart = 1 + (high - low) // MOST_DECADES
    values = [step * 10.0**power for power in range(low, high + 1, apart) for step in steps]
    return alt.Axis(labelExpr=_SECONDS, values=values)


def panels(field: str) -> alt.Facet:
    """A small chart for each value of a field, in the order of the report."""
    order = alt.EncodingSortField("order", op="min")
    return alt.Facet(f"{field}:N", title=None, sort=order, header=alt.Header(title=None))


def case_tooltip(*more: alt.Tooltip) -> list[alt.Tooltip]:
    """What a case tells when pointed at: who it is, its ratio and verdict."""
    return [
        alt.Tooltip("label:N", title="case"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("speedup:Q", title="speedup", format=".3f"),
        alt.Tooltip("low:Q", title="from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        *more,
    ]
