"""What layouts cost before the steady state: load time, first call, and the memory that loading takes."""

from typing import Any

import altair as alt

from profiler.report.charts.axes import CASES, panels, seconds_axis, size_axis
from profiler.report.charts.frame import Frame
from profiler.report.charts.time import IN_OUT, OUT_IN, marks_of, series

TITLES = {"load": "time to load", "first": "time of the first call", "rise": "rise of memory at load"}


MIB = 1 << 20


def cost_chart(frame: Frame) -> alt.VConcatChart:
    """The measures below one another, a panel for each runtime."""
    measures = zip(frame.cost_measures, frame.cost_decades, strict=True)
    return alt.vconcat(*(_measure(name, decades) for name, decades in measures))


def _measure(name: str, decades: tuple[int, int]) -> alt.FacetChart:
    layers = [
        mark
        for layout, title in (("out_in", OUT_IN), ("in_out", IN_OUT))
        for mark in (_memory(layout, title) if name == "rise" else _times(f"{name}_{layout}", title, decades))
    ]
    return (
        alt.layer(*layers, data=CASES)
        .properties(width=230, height=150)
        .facet(facet=panels("cost_panel"), columns=3)
        .properties(title=TITLES[name])
    )


def _times(field: str, title: str, decades: tuple[int, int]) -> list[alt.Chart]:
    """Point and interval on a logarithmic axis; what lies beyond the decades of the points is cut off."""
    low, high = decades
    scale = alt.Scale(type="log", domain=[10.0**low, 10.0**high], nice=False, clamp=True)
    look = {"scale": scale, "axis": seconds_axis(decades)}
    return _marks(marks_of(title, f"isValid(datum.{field})"), field, title, look)


def _memory(layout: str, title: str) -> list[alt.Chart]:
    """Point and interval in MiB on a linear axis: memory may fall as well."""
    field = f"rise_{layout}"
    known = marks_of(title, f"isValid(datum.{field})").transform_calculate(
        **{f"mib_{layout}{end}": f"datum.{field}{end} / {MIB}" for end in ("", "_low", "_high")}
    )
    axis = alt.Axis(labelExpr="datum.label + ' MiB'", format=".3~g", tickCount=4)
    return _marks(known, f"mib_{layout}", title, {"scale": alt.Scale(nice=True), "axis": axis})


def _marks(known: alt.Chart, field: str, title: str, look: dict[str, Any]) -> list[alt.Chart]:
    looks = series([OUT_IN, IN_OUT])
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
