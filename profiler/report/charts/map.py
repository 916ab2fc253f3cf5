"""The map: where transposed storage pays off. Inputs by outputs where shapes form a grid, else shapes by size."""

import math

import altair as alt

from profiler.report.charts.axes import CASES, RATIO_TITLE, case_tooltip, panels
from profiler.report.charts.frame import Frame
from profiler.report.charts.theme import COSTS, EQUAL, PAYS, UNDECIDED

STRONG = 0.55  # of the colours' range: beyond it a cell is so dark, or in the dark so light, that its text changes
IS_GRID = "isValid(datum.in_features) && isValid(datum.out_features)"


def map_chart(frame: Frame) -> alt.VConcatChart:
    """Grid and row of shapes, as many of the two as the cases need."""
    charts = []
    if frame.has_grid:
        charts.append(_grid(frame))
    if frame.has_row:
        charts.append(_row(frame))
    return alt.vconcat(*charts)


def _grid(frame: Frame) -> alt.FacetChart:
    """Input features across, output features up, a panel for each runtime and batch."""
    x = alt.X("in_features", title="input features", axis=alt.Axis(labelAngle=0, labelOverlap=True), type="ordinal")
    y = alt.Y("out_features", title="output features", sort="descending", type="ordinal")
    cells = alt.layer(*_cells(frame, IS_GRID), data=CASES).encode(x=x, y=y).properties(width=220, height=alt.Step(24))
    return cells.facet(facet=panels("panel"), columns=3)


def _row(frame: Frame) -> alt.FacetChart:
    """Shapes and networks from small to large, a line for each runtime, a panel for each batch."""
    x = alt.X(
        "layer:N", title="layer, by size of its weights", sort=alt.EncodingSortField("weight_bytes", op="min"),
        axis=alt.Axis(labelAngle=-45, labelLimit=110),
    )  # fmt: skip
    y = alt.Y("runtime:N", title=None, sort=alt.EncodingSortField("runtime_order", op="min"))
    where = f"!({IS_GRID})" if frame.has_grid else "true"
    cells = alt.layer(*_cells(frame, where), data=CASES).encode(x=x, y=y).properties(width=330, height=alt.Step(28))
    return cells.facet(facet=panels("map_panel"), columns=2)


def _cells(frame: Frame, where: str) -> list[alt.Chart]:
    """Known, equal and undecided cells are layers of their own: only the first has the colours of a ratio."""
    limit = math.log2(frame.colour_span)
    known = f"({where}) && (datum.verdict == '{PAYS}' || datum.verdict == '{COSTS}') && isValid(datum.log2_speedup)"
    equal = f"({where}) && datum.verdict == '{EQUAL}'"
    undecided = f"({where}) && datum.verdict == '{UNDECIDED}' && isValid(datum.speedup)"
    colour = alt.Color(
        "log2_speedup:Q",
        scale=alt.Scale(domain=[-limit, limit], domainMid=0, clamp=True, range="diverging", interpolate="lab"),
        title=RATIO_TITLE,
        legend=alt.Legend(
            orient="top", gradientLength=220, values=[math.log2(tick) for tick in frame.colour_ticks],
            labelExpr="format(pow(2, datum.value), '.2~g') + 'x'", titleLimit=320,
        ),
    )  # fmt: skip
    strong = f"abs(datum.log2_speedup) > {STRONG * limit:.4f}"
    tooltip = case_tooltip()
    number = alt.Text("speedup:Q", format=".2f")
    return [
        _layer(known).mark_rect(style="known-cell").encode(color=colour, tooltip=tooltip),
        _layer(equal).mark_rect(style="equal-cell").encode(tooltip=tooltip),
        _layer(undecided).mark_rect(style="undecided-cell").encode(tooltip=tooltip),
        _layer(f"{known} && !({strong}) && cell_text").mark_text(style="cell-text").encode(text=number),
        _layer(f"{known} && {strong} && cell_text").mark_text(style="cell-text-strong").encode(text=number),
        _layer(f"{equal} && cell_text").mark_text(style="cell-text", text="=").encode(),
        _layer(f"{undecided} && cell_text").mark_text(style="undecided-text", text="?").encode(),
    ]


def _layer(condition: str) -> alt.Chart:
    return alt.Chart().transform_filter(condition)
