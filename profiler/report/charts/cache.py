"""Speedup against the size of the weights, with the board's caches drawn in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from profiler.base.record import Record
from profiler.machine.caches import data_cache_sizes
from profiler.machine.records import CacheInfo
from profiler.report.charts.axes import in_panels, layered, marks_where, ratio_scale, ratio_span, size_axis
from profiler.report.charts.chart import Cases, Chart, Column, Kind
from profiler.report.charts.verdict_marks import (
    HAS_RATIO,
    MARGIN_FIELDS,
    RATIO_COLUMNS,
    VERDICT_COLUMN,
    verdict_marks,
)
from profiler.report.charts.words import NOTHING_MEASURED, verdict_counts
from profiler.report.values import format_bytes

if TYPE_CHECKING:
    import altair as alt

CACHE_REACH = 8  # a cache so many times larger than all weights, or smaller, is named but not drawn
_READING = (
    "Each mark is a case with its interval; above 1x transposed storage is faster. Undecided cases are hollow and "
    "grey. The band is the margin; dashed lines are the sizes of the caches of one core."
)


class CacheFrame(Record, frozen=True, kw_only=True):
    """How far the ratio's axis reaches, and whether any cache is drawn."""

    span: float
    has_caches: bool


class CacheMark(Record, frozen=True, kw_only=True):
    """The end of a data cache, in a panel of the board that has it."""

    panel: str
    order: int
    cache: str
    cache_bytes: int


def cache_frame(cases: Cases) -> CacheFrame:
    """How far the ratio's axis reaches for these cases, and whether any cache is drawn."""
    return CacheFrame(span=ratio_span(cases), has_caches=bool(cache_marks(cases)))


def cache_marks(cases: Cases) -> tuple[CacheMark, ...]:
    """Where the caches of each board end, for each of its panels; those far from all weights are left out."""
    measured = [case for case in cases if case.speedup is not None]
    sizes = [case.weight_bytes for case in measured if case.weight_bytes > 0]
    if not sizes:
        return ()
    low, high = min(sizes) / CACHE_REACH, max(sizes) * CACHE_REACH
    panels = {(case.board, case.panel): case for case in measured}
    return tuple(
        CacheMark(panel=case.panel, order=case.order, cache=name, cache_bytes=size)
        for case in panels.values()
        for name, size in named_sizes(case.summary.hardware.caches)
        if low <= size <= high
    )


def named_sizes(caches: Sequence[CacheInfo]) -> list[tuple[str, int]]:
    """`("L1 32 KiB", 32768)` for each size that data caches have, smallest first."""
    sizes = data_cache_sizes(caches)
    levels = {cache.size_bytes: cache.level for cache in reversed(caches) if cache.type != "instruction"}
    return [(f"L{levels[size]} {format_bytes(size)}", size) for size in sizes]


def _summary(cases: Cases) -> str:
    if not cases:
        return NOTHING_MEASURED
    sizes = [case.weight_bytes for case in cases]
    caches = list(dict.fromkeys(mark.cache for mark in sorted(cache_marks(cases), key=lambda mark: mark.cache_bytes)))
    drawn = f"Caches drawn in: {', '.join(caches)}." if caches else "No cache of a known size lies near."
    return f"{verdict_counts(cases)} Weights take {format_bytes(min(sizes))} to {format_bytes(max(sizes))}. {drawn}"


def _draw(frame: CacheFrame) -> "alt.FacetChart":
    """A panel for each runtime and batch; undecided cases are hollow and grey."""
    layers = [_band(frame.span), _one(), *(_caches() if frame.has_caches else ())]
    layers += verdict_marks("y", frame.span, size_axis())
    return in_panels(layered(layers).properties(width=230, height=190), "panel")


def _band(span: float) -> "alt.Chart":
    """The margin within which no difference counts, once for each panel."""
    import altair as alt

    band: alt.Chart = (
        marks_where(HAS_RATIO)
        .transform_aggregate(low="min(margin_low)", high="max(margin_high)", groupby=["panel"])
        .mark_rect(style="band")
        .encode(y=alt.Y("low:Q", scale=ratio_scale(span)), y2="high:Q")
    )
    return band


def _one() -> "alt.Chart":
    import altair as alt

    one: alt.Chart = alt.Chart().mark_rule(style="one").encode(y=alt.YDatum(1))
    return one


def _caches() -> list["alt.Chart"]:
    import altair as alt

    marks = marks_where("isValid(datum.cache_bytes)")
    return [
        marks.mark_rule(style="cache-rule").encode(x=alt.X("cache_bytes:Q")),
        marks.mark_text(style="cache-label", align="right", baseline="bottom", angle=270, dx=-4, dy=-3).encode(
            x=alt.X("cache_bytes:Q"), y=alt.value(0), text="cache:N"
        ),
    ]


CHART = Chart(
    name="cache",
    title="Speedup by size of the weights",
    reading=lambda _: _READING,
    summary=_summary,
    columns=(Column(field="weight_bytes", title="weights", kind=Kind.BYTES), *RATIO_COLUMNS, VERDICT_COLUMN),
    frame_of=cache_frame,
    draw=_draw,
    fields=MARGIN_FIELDS,
    marks=cache_marks,
    legend_columns=2,
)
