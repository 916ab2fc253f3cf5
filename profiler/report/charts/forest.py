"""The forest: each case's interval against the margin, largest effect first, and its null beside it on demand."""

import altair as alt

from profiler.report.charts.axes import CASES, RATIO_TITLE, ratio_axis, ratio_scale
from profiler.report.charts.cache import HAS_RATIO, verdict_marks
from profiler.report.charts.frame import Frame

ROW_HEIGHT = 20


def forest_chart(frame: Frame) -> alt.LayerChart | alt.FacetChart:
    """A line for each case, in the order of the data. The parameter `show_null` adds the nulls."""
    case = alt.Y(
        "label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320, ticks=False, domain=False, minExtent=60)
    )
    band = (
        alt.Chart()
        .transform_filter(HAS_RATIO)
        .mark_rect(style="band")
        .encode(y=case, x=alt.X("margin_low:Q", scale=ratio_scale(frame)), x2="margin_high:Q")
    )
    one = alt.Chart().mark_rule(style="one").encode(x=alt.XDatum(1))
    null = (
        alt.Chart()
        .transform_filter("show_null && isValid(datum.null_low)")
        .mark_rule(style="null", yOffset=6)
        .encode(
            y=case,
            x=alt.X("null_low:Q", scale=ratio_scale(frame), title=RATIO_TITLE, axis=ratio_axis(frame, "top")),
            x2="null_high:Q",
        )
    )
    chart = alt.layer(band, one, null, *verdict_marks("x", frame, case), data=CASES)
    return chart.properties(width=420, height=alt.Step(ROW_HEIGHT))
