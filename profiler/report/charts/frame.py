"""What charts must know of all cases before they are drawn: scales, bands, and which map suits the shapes."""

import math
from collections.abc import Sequence

from profiler.base.record import Record
from profiler.judge.records import Verdict
from profiler.machine.caches import data_cache_sizes
from profiler.machine.records import CacheInfo
from profiler.models.layout import WeightLayout
from profiler.report.document import Report
from profiler.report.points import Point, board_names
from profiler.report.values import format_bytes

SPANS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
_TICKS: dict[float, tuple[float, ...]] = {
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
MIN_GRID_SIDE = 2
GRID_SHARE = 0.5  # a grid with more holes than shapes reads worse than a row of shapes by size
CACHE_REACH = 8  # a cache so many times larger than all weights, or smaller, is named but not drawn
COST_MEASURES = ("load", "first", "rise")


class CacheMark(Record, frozen=True, kw_only=True):
    """The end of a data cache, in the panels of the board that has it. Filtered like the cases of its panel."""

    panel: str
    order: int
    cache: str
    cache_bytes: int


class Frame(Record, frozen=True, kw_only=True):
    """What all charts share. Few different ones exist, so that a chart is built once for many reports.

    `cost_decades` are the powers of ten between which the points of each measure lie: an interval of two values may
    reach over twenty, and shall not set the axis.
    `span` is how far the ratio's axis reaches to either side of 1: from 1/span to span. `colour_span` is the same for
    the map's colours. `has_grid`: shapes are shown as inputs by outputs, `has_row`: shapes or networks by weight size.
    """

    span: float
    colour_span: float
    has_grid: bool
    has_row: bool
    has_caches: bool
    has_bound: bool
    cost_measures: tuple[str, ...]
    cost_decades: tuple[tuple[int, int], ...]

    @property
    def ticks(self) -> tuple[float, ...]:
        """Ratios to label on the axis."""
        return _TICKS[self.span]

    @property
    def colour_ticks(self) -> tuple[float, ...]:
        """Ratios to label in the map's legend."""
        return _TICKS[self.colour_span]


def frame_of(points: Sequence[Point], marks: Sequence[CacheMark]) -> Frame:
    """The frame of these cases."""
    drawn = [point for point in points if point.speedup is not None]
    decided = [point for point in drawn if point.verdict != Verdict.UNDECIDED]
    grid = {shape_id(point) for point in drawn if is_in_grid(point)} if forms_grid(drawn) else set()
    costs = _cost_values(points)
    return Frame(
        span=_span([value for point in drawn for value in (point.speedup, *_ends(point, decided))]),
        colour_span=_span([point.speedup for point in decided], least=1.5),
        has_grid=bool(grid),
        has_row=any(shape_id(point) not in grid for point in drawn),
        has_caches=bool(marks),
        has_bound=any(point.bound_s is not None for point in drawn),
        cost_measures=tuple(costs),
        cost_decades=tuple(_decades(values) for values in costs.values()),
    )


def _cost_values(points: Sequence[Point]) -> dict[str, list[float]]:
    """The values of each measure that somebody took."""
    found = {
        name: [
            value
            for point in points
            for layout in WeightLayout
            if (value := getattr(point, f"{name}_{layout.value}")) is not None
        ]
        for name in COST_MEASURES
    }
    return {name: values for name, values in found.items() if values}


def _decades(values: Sequence[float]) -> tuple[int, int]:
    known = [value for value in values if value > 0]
    if not known:
        return 0, 1
    low = math.floor(math.log10(min(known)))
    return low, max(low + 1, math.ceil(math.log10(max(known))))


def _ends(point: Point, decided: Sequence[Point]) -> tuple[float | None, ...]:
    """The ends of an interval count for the axis where it is short enough to decide a case."""
    return (point.low, point.high) if point in decided else ()


def _span(ratios: Sequence[float | None], least: float = SPANS[0]) -> float:
    """The first of `SPANS` that holds all ratios and their inverses."""
    needed = max((abs(math.log(ratio)) for ratio in ratios if ratio), default=0.0)
    return next((span for span in SPANS if span >= least and math.log(span) >= needed), SPANS[-1])


def forms_grid(points: Sequence[Point]) -> bool:
    """Whether the bare layers fill enough of a grid of input by output features to be shown as one."""
    shapes = {shape_id(point) for point in points if is_in_grid(point)}
    inputs, outputs = ({shape[side] for shape in shapes} for side in (0, 1))
    if min(len(inputs), len(outputs)) < MIN_GRID_SIDE:
        return False
    return len(shapes) >= GRID_SHARE * len(inputs) * len(outputs)


def is_in_grid(point: Point) -> bool:
    """Whether a case is one bare layer, which has a place in a grid of shapes."""
    return point.in_features is not None and point.out_features is not None


def shape_id(point: Point) -> tuple[object, object]:
    """Inputs and outputs of a bare layer, else its name."""
    return (point.in_features, point.out_features) if is_in_grid(point) else (point.layer, None)


def cache_marks(report: Report, points: Sequence[Point]) -> tuple[CacheMark, ...]:
    """Where the caches of each board end, for each of its panels; those far from all weights are left out."""
    sizes = [point.weight_bytes for point in points if point.speedup is not None and point.weight_bytes > 0]
    if not sizes:
        return ()
    low, high = min(sizes) / CACHE_REACH, max(sizes) * CACHE_REACH
    panels = {(point.board, point.panel): point.order for point in points if point.speedup is not None}
    caches = {
        board: summary.hardware.caches for board, summary in zip(board_names(report), report.sessions, strict=True)
    }
    return tuple(
        CacheMark(panel=panel, order=order, cache=name, cache_bytes=size)
        for (board, panel), order in panels.items()
        for name, size in named_sizes(caches[board])
        if low <= size <= high
    )


def named_sizes(caches: Sequence[CacheInfo]) -> list[tuple[str, int]]:
    """`("L1 32 KiB", 32768)` for each size that data caches have, smallest first."""
    sizes = data_cache_sizes(caches)
    levels = {cache.size_bytes: cache.level for cache in reversed(caches) if cache.type != "instruction"}
    return [(f"L{levels[size]} {format_bytes(size)}", size) for size in sizes]
