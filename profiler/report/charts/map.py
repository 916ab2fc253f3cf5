"""The map: where transposed storage pays off. Inputs by outputs where shapes form a grid, else shapes by size."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from profiler.base.record import Record
from profiler.judge.records import Verdict
from profiler.report.case_data import CaseData, is_known
from profiler.report.charts.axes import (
    RATIO_TICKS,
    RATIO_TITLE,
    case_tooltip,
    in_panels,
    layered,
    marks_where,
    smallest_span,
)
from profiler.report.charts.chart import Cases, Chart, Column, Field, Kind, Parameter, View
from profiler.report.charts.theme import COSTS, EQUAL, PAYS, UNDECIDED
from profiler.report.charts.verdict_marks import RATIO_COLUMNS, VERDICT_COLUMN
from profiler.report.charts.words import verdict_counts

if TYPE_CHECKING:
    import altair as alt

MIN_GRID_SIDE = 2
GRID_SHARE = 0.5  # a grid with more holes than shapes reads worse than a row of shapes by size
LEAST_COLOUR_SPAN = 1.5
STRONG = 0.55  # of the colours' range: beyond it a cell is so dark, or in the dark so light, that its text changes
IS_GRID = "isValid(datum.in_features) && isValid(datum.out_features)"
# Names of a graph's nodes begin alike and end unlike
BOTH_ENDS = (
    "length(datum.label) > 22 ? slice(datum.label, 0, 4) + '\u2026' + slice(datum.label, length(datum.label) - 16) : "
    "datum.label"
)
_ROW_READING = "Layers from small to large, a line for each runtime. "
_READING = (
    "Teal: transposed storage is faster. Rust: it is slower. A plain cell with = makes no difference, a hollow one "
    "with ? is undecided and has no colour. Numbers are speedups."
)
_GRID_VIEW = View(cells="in_features", known="in_features")
_ROW_VIEW = View(cells="layer", names="runtime", most_columns=2, cell_width=42)
_ROW_BESIDE_GRID_VIEW = View(
    cells="layer", names="runtime", unknown="in_features", most_columns=2, cell_width=42
)  # fmt: skip


class MapFrame(Record, frozen=True, kw_only=True):
    """How far the colours reach to either side of 1, and which of the two views the cases need.

    `has_grid`: bare layers are shown as inputs by outputs; `has_row`: layers or networks by the size of their weights.
    """

    colour_span: float
    has_grid: bool
    has_row: bool


def map_frame(cases: Cases) -> MapFrame:
    """How far the colours reach for these cases, and whether they are shown as grid, as row, or both."""
    measured = [case for case in cases if case.speedup is not None]
    layers = {case.layer: (case.row.in_features, case.row.out_features) for case in measured}
    has_grid = forms_grid(list(layers.values()))
    return MapFrame(
        colour_span=smallest_span(
            (case.speedup for case in measured if case.verdict != Verdict.UNDECIDED), least=LEAST_COLOUR_SPAN
        ),
        has_grid=has_grid,
        has_row=any(not has_grid or case.row.in_features is None for case in measured),
    )


def forms_grid(shapes: Sequence[tuple[int | None, int | None]]) -> bool:
    """Whether bare layers fill enough of a grid of inputs by outputs to be shown as one; networks have no shape.

    `shapes` has one for each layer: where two share one they would share a cell, so that there is no grid.
    """
    bare = [shape for shape in shapes if None not in shape]
    known = set(bare)
    if len(known) < len(bare):
        return False
    inputs, outputs = ({shape[side] for shape in known} for side in (0, 1))
    if min(len(inputs), len(outputs)) < MIN_GRID_SIDE:
        return False
    return len(known) >= GRID_SHARE * len(inputs) * len(outputs)


def _views(frame: MapFrame) -> tuple[View, ...]:
    if not frame.has_grid:
        return (_ROW_VIEW,)
    return (_GRID_VIEW, *([_ROW_BESIDE_GRID_VIEW] if frame.has_row else []))


def _reading(frame: MapFrame) -> str:
    return _READING if frame.has_grid else _ROW_READING + _READING


def _summary(cases: Cases) -> str:
    known = [case for case in cases if is_known(case) and case.speedup]
    text = verdict_counts(cases)
    if not known:
        return f"{text} No case is known to differ, so that no cell has a colour."
    first, last = (choose(known, key=lambda case: case.speedup or 1) for choose in (min, max))
    if first is last:
        return f"{text} The one that differs is {first.label} at {first.speedup:.2f}x."
    ends = f"{first.speedup:.2f}x ({first.label}) to {last.speedup:.2f}x ({last.label})"
    return f"{text} Those that differ reach from {ends}."


def _row_panel(case: CaseData) -> str:
    """The small chart of its batch and settings: runtimes are lines in it."""
    return ", ".join([f"batch {case.batch}", *case.settings])


def _draw(frame: MapFrame) -> "alt.VConcatChart":
    """Grid and row of shapes, as many of the two as the cases need."""
    import altair as alt

    charts = []
    if frame.has_grid:
        charts.append(_grid(frame))
    if frame.has_row:
        charts.append(_row(frame))
    return alt.vconcat(*charts)


def _grid(frame: MapFrame) -> "alt.FacetChart":
    """Input features across, output features up, a panel for each runtime and batch."""
    import altair as alt

    x = alt.X("in_features", title="input features", axis=alt.Axis(labelAngle=0, labelOverlap=True), type="ordinal")
    y = alt.Y("out_features", title="output features", sort="descending", type="ordinal")
    cells = layered(_cells(frame, IS_GRID)).encode(x=x, y=y).properties(width=220, height=alt.Step(24))
    return in_panels(cells, "panel")


def _row(frame: MapFrame) -> "alt.FacetChart":
    """Shapes and networks from small to large, a line for each runtime, a panel for each batch."""
    import altair as alt

    x = alt.X(
        "layer:N", title="layer, by size of its weights", sort=alt.EncodingSortField("weight_bytes", op="min"),
        axis=alt.Axis(labelAngle=-45, labelLimit=190, labelExpr=BOTH_ENDS),
    )  # fmt: skip
    y = alt.Y("runtime:N", title=None, sort=alt.EncodingSortField("runtime_order", op="min"))
    where = f"!({IS_GRID})" if frame.has_grid else "true"
    cells = layered(_cells(frame, where)).encode(x=x, y=y).properties(width=330, height=alt.Step(28))
    return in_panels(cells, "map_panel", columns=2)


def _cells(frame: MapFrame, where: str) -> list["alt.Chart"]:
    """Known, equal and undecided cells are layers of their own: only the first has the colours of a ratio."""
    import altair as alt

    limit = math.log2(frame.colour_span)
    known = f"({where}) && (datum.verdict == '{PAYS}' || datum.verdict == '{COSTS}') && isValid(datum.log2_speedup)"
    equal = f"({where}) && datum.verdict == '{EQUAL}'"
    undecided = f"({where}) && datum.verdict == '{UNDECIDED}' && isValid(datum.speedup)"
    colour = alt.Color(
        "log2_speedup:Q",
        scale=alt.Scale(domain=[-limit, limit], domainMid=0, clamp=True, range="diverging", interpolate="lab"),
        title=RATIO_TITLE,
        legend=alt.Legend(
            orient="top", gradientLength=220, values=[math.log2(tick) for tick in RATIO_TICKS[frame.colour_span]],
            labelExpr="format(pow(2, datum.value), '.2~g') + 'x'", titleLimit=320,
        ),
    )  # fmt: skip
    strong = f"abs(datum.log2_speedup) > {STRONG * limit:.4f}"
    tooltip = case_tooltip()
    number = alt.Text("speedup:Q", format=".2f")
    return [
        marks_where(known).mark_rect(style="known-cell").encode(color=colour, tooltip=tooltip),
        marks_where(equal).mark_rect(style="equal-cell").encode(tooltip=tooltip),
        marks_where(undecided).mark_rect(style="undecided-cell").encode(tooltip=tooltip),
        marks_where(f"{known} && !({strong}) && cell_text").mark_text(style="cell-text").encode(text=number),
        marks_where(f"{known} && {strong} && cell_text").mark_text(style="cell-text-strong").encode(text=number),
        marks_where(f"{equal} && cell_text").mark_text(style="cell-text", text="=").encode(),
        marks_where(f"{undecided} && cell_text").mark_text(style="undecided-text", text="?").encode(),
    ]


CHART = Chart(
    name="map",
    title="Where it pays off",
    reading=_reading,
    summary=_summary,
    columns=(
        Column(field="in_features", title="inputs", kind=Kind.COUNT),
        Column(field="out_features", title="outputs", kind=Kind.COUNT),
        *RATIO_COLUMNS,
        VERDICT_COLUMN,
    ),
    frame_of=map_frame,
    draw=_draw,
    fields=(
        Field(name="in_features", value_of=lambda case: case.row.in_features),
        Field(name="out_features", value_of=lambda case: case.row.out_features),
        Field(name="log2_speedup", value_of=lambda case: None if case.speedup is None else math.log2(case.speedup)),
        Field(name="map_panel", value_of=_row_panel),
    ),
    parameters=(Parameter(name="cell_text", value=True, least_cell=29),),
    views=_views,
)
