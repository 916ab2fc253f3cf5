"""What several charts draw with: data, panels, the ratio around 1, the weights' size, seconds."""

import functools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from profiler.judge.records import Verdict
from profiler.report.charts.chart import DATASET, Cases

if TYPE_CHECKING:
    import altair as alt

MOST_DECADES = 6  # with a label each
SIZE_TITLE = "size of the weights"
RATIO_TITLE = "times as fast with transposed weights"
RATIO_TICKS: dict[float, tuple[float, ...]] = {
    1.1: (0.92, 0.96, 1, 1.04, 1.08),
    1.25: (0.8, 0.9, 1, 1.1, 1.25),
    1.5: (0.67, 0.8, 1, 1.25, 1.5),
    2.0: (0.5, 0.7, 1, 1.4, 2),
    3.0: (0.33, 0.5, 1, 2, 3),
    5.0: (0.2, 0.5, 1, 2, 5),
    10.0: (0.1, 0.3, 1, 3, 10),
    30.0: (0.03, 0.2, 1, 5, 30),
    100.0: (0.01, 0.1, 1, 10, 100),
    1000.0: (0.001, 0.03, 1, 30, 1000),
}
SPANS = tuple(RATIO_TICKS)

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


def ratio_span(cases: Cases) -> float:
    """How far the ratio's axis reaches to either side of 1, from 1/span to span, for these cases.

    The ends of an interval count where it is short enough to decide a case.
    """
    return smallest_span(
        ratio
        for case in cases
        for ratio in (case.speedup, *(() if case.verdict == Verdict.UNDECIDED else (case.low, case.high)))
    )


def smallest_span(ratios: Iterable[float | None], least: float = SPANS[0]) -> float:
    """The first of `SPANS` from `least` on that holds all ratios and their inverses."""
    needed = max((abs(math.log(ratio)) for ratio in ratios if ratio), default=0.0)
    return next((span for span in SPANS if span >= least and math.log(span) >= needed), SPANS[-1])


def marks_where(condition: str) -> "alt.Chart":
    """Marks of the cases for which an expression holds."""
    import altair as alt

    marks: alt.Chart = alt.Chart().transform_filter(condition)
    return marks


def layered(layers: Sequence["alt.Chart"]) -> "alt.LayerChart":
    """Layers over one another, which show the chart's data."""
    import altair as alt

    chart = alt.layer(*layers, data=_data())
    assert isinstance(chart, alt.LayerChart)  # a facet it is only where one is asked for
    return chart


@functools.cache
def _data() -> "alt.NamedData":
    """One object for all layers: altair lifts data that its views have in common to the top of the chart."""
    import altair as alt

    return alt.NamedData(name=DATASET)


def in_panels(chart: "alt.LayerChart", field: str, columns: int = 3) -> "alt.FacetChart":
    """A small chart for each value of a field, in the order of the report."""
    import altair as alt

    order = alt.EncodingSortField("order", op="min")
    return chart.facet(facet=alt.Facet(f"{field}:N", title=None, sort=order, header=alt.Header(title=None)),
                       columns=columns)  # fmt: skip


def size_axis(field: str = "weight_bytes") -> "alt.X":
    """Bytes of weights, in powers of two."""
    import altair as alt

    return alt.X(
        f"{field}:Q",
        title=SIZE_TITLE,
        scale=alt.Scale(type="log", base=2, nice=False, padding=12),
        axis=alt.Axis(labelExpr=_BYTES, tickCount=5, labelOverlap=True, grid=False),
    )


def ratio_scale(span: float) -> "alt.Scale":
    """A logarithmic scale with 1 in its middle; what lies beyond is drawn at its edge."""
    import altair as alt

    return alt.Scale(type="log", domain=[1 / span, span], nice=False, clamp=True)


def ratio_axis(span: float, orient: Literal["top", "left"] = "left") -> "alt.Axis":
    """Labels at ratios that people think in."""
    import altair as alt

    return alt.Axis(orient=orient, values=list(RATIO_TICKS[span]), format=".3~g", labelExpr="datum.label + 'x'")


def seconds_axis(decades: tuple[int, int] | None = None) -> "alt.Axis":
    """Labels with units; over few decades at 1, 2 and 5 of each."""
    import altair as alt

    look: dict[str, Any] = {"tickCount": 5, "labelOverlap": True}
    if decades is not None:
        low, high = decades
        steps = (1, 2, 5) if high - low == 1 else (1,)
        apart = 1 + (high - low) // MOST_DECADES
        look = {"values": [step * 10.0**power for power in range(low, high + 1, apart) for step in steps]}
    return alt.Axis(labelExpr=_SECONDS, **look)


def case_tooltip() -> list["alt.Tooltip"]:
    """What a case tells when pointed at: who it is, its ratio and verdict."""
    import altair as alt

    return [
        alt.Tooltip("label:N", title="case"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("speedup:Q", title="speedup", format=".3f"),
        alt.Tooltip("low:Q", title="from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
    ]
