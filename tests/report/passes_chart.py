"""A chart that tests add to the table: in how many passes each case was measured."""

from typing import TYPE_CHECKING

from profiler.report.charts.axes import layered, marks_where
from profiler.report.charts.chart import Cases, Chart, Column, Field, Kind, Parameter, View

if TYPE_CHECKING:
    import altair as alt


def _most_passes(cases: Cases) -> int:
    return max((case.row.passes for case in cases), default=0)


def _summary(cases: Cases) -> str:
    return f"No case was measured in more than {_most_passes(cases)} passes."


def _draw(most: int) -> "alt.LayerChart":
    import altair as alt

    x = alt.X("passes:Q", title="passes", scale=alt.Scale(domain=[0, most]))
    y = alt.Y("label:N", title=None, sort=None)
    bars = marks_where("true").mark_bar().encode(x=x, y=y)
    words = marks_where("show_passes").mark_text(dx=10).encode(x=x, y=y, text="passes:Q")
    return layered([bars, words])


CHART = Chart(
    name="passes",
    title="Passes of each case",
    reading=lambda most: f"A bar for each case; the axis ends at {most}.",
    summary=_summary,
    columns=(Column(field="passes", title="measured in passes", kind=Kind.COUNT),),
    frame_of=_most_passes,
    draw=_draw,
    fields=(Field(name="passes", value_of=lambda case: case.row.passes),),
    parameters=(Parameter(name="show_passes", value=False, control="Write the number beside each bar"),),
    views=lambda _: (View(names="label"),),
)
