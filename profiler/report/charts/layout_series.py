"""Both layouts as series of marks with one legend, for the charts that show absolute values of each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from profiler.models.layout import WeightLayout
from profiler.report.charts.axes import marks_where

if TYPE_CHECKING:
    import altair as alt

SERIES = {WeightLayout.OUT_IN: "transposed [out, in]", WeightLayout.IN_OUT: "plain [in, out]"}
_SHAPES = ["circle", "diamond", "stroke"]


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
