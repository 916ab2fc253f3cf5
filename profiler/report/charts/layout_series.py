"""Both layouts beside each other: their times, and series of marks with one legend, for the charts that show both."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from profiler.models.layout import WeightLayout
from profiler.report.case_data import CaseData
from profiler.report.charts.axes import marks_where
from profiler.report.charts.chart import Column, Field, Kind

if TYPE_CHECKING:
    import altair as alt

SERIES = {WeightLayout.OUT_IN: "transposed [out, in]", WeightLayout.IN_OUT: "plain [in, out]"}
TIME_COLUMNS = tuple(Column(field=f"{layout.value}_s", title=layout.axes, kind=Kind.TIME) for layout in WeightLayout)
TIME_FIELDS = (
    Field(name="out_in_s", value_of=lambda case: time_of(case, WeightLayout.OUT_IN)),
    Field(name="in_out_s", value_of=lambda case: time_of(case, WeightLayout.IN_OUT)),
)
_SHAPES = ["circle", "diamond", "stroke"]


def time_of(case: CaseData, layout: WeightLayout) -> float | None:
    """Seconds of a call with one layout, None where that is unknown or cannot be drawn."""
    return drawable_time(case.row.arms[layout].time_s)


def drawable_time(value: float | None) -> float | None:
    """The seconds where a logarithmic axis has a place for them, else None."""
    return value if value is not None and 0 < value < math.inf else None


def series_looks(names: Sequence[str]) -> dict[str, "alt.Color | alt.Shape"]:
    """Colour and shape by the calculated field `series`, with one legend for all."""
    import altair as alt

    legend = alt.Legend(title=None, orient="top", labelLimit=260)
    domain = list(names)
    return {
        "color": alt.Color("series:N", scale=alt.Scale(domain=domain, range="ordinal"), legend=legend),
        "shape": alt.Shape("series:N", scale=alt.Scale(domain=domain, range=_SHAPES[: len(domain)]), legend=legend),
    }


def series_marks(name: str, condition: str) -> "alt.Chart":
    """The marks of one series, of the cases for which `condition` holds."""
    return marks_where(condition).transform_calculate(series=f"'{name}'")
