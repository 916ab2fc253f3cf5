"""Intervals of a speedup as bars of a few columns, against the band that a difference has to leave."""

import math
from collections.abc import Iterable

from profiler.base.record import Record
from profiler.judge.records import Estimate

COLUMNS = 13
LEAST_REACH = 2  # margins on either side of 1
_WITH_CENTRE = 11  # columns that have room for both ends and a 1 between


class BarScale(Record, frozen=True, kw_only=True):
    """A log scale: 1 in the middle column, a ratio of e^`reach` and its inverse in the outermost ones."""

    bound: float
    reach: float
    columns: int = COLUMNS

    @property
    def half(self) -> int:
        """How many columns lie on either side of the middle."""
        return self.columns // 2

    def column(self, value: float, threshold: float) -> int:
        """Where a log ratio stands, counted from the middle; beyond `half` it is off the scale.

        Rounding never carries a value over the threshold: what is drawn clear of the band is clear of it.
        """
        if not math.isfinite(value):
            return int(math.copysign(self.half + 1, value))
        size = round(min(abs(value) / self.reach, 2.0) * self.half)
        edge = self.edge(threshold)
        size = max(size, edge + 1) if abs(value) > threshold else min(size, edge)
        return int(math.copysign(size, value))

    def edge(self, threshold: float) -> int:
        """The outermost column of the band within which no difference counts."""
        return max(1, round(min(threshold / self.reach, 2.0) * self.half))


def scale_for(estimates: Iterable[Estimate | None], bound: float, columns: int = COLUMNS) -> BarScale:
    """The scale that a group of ratios shares: as wide as they need, but a column is never more than the margin."""
    ends = [abs(_log(end)) for estimate in estimates if estimate for end in (estimate.low, estimate.high)]
    most = max((end for end in ends if math.isfinite(end)), default=0.0)
    reach = min(max(most, LEAST_REACH * bound), columns // 2 * bound)
    return BarScale(bound=bound, reach=reach, columns=columns)


def draw_interval(estimate: Estimate | None, scale: BarScale, *, noise_floor: float | None = None) -> str:
    """`·├●┤·`: dots within margin and noise (double lines under the interval), an arrow where it leaves the scale.

    Args:
        estimate: a ratio with its interval.
        scale: that of its group.
        noise_floor: as a log ratio; the band is the larger of it and the margin.
    """
    threshold, half = max(scale.bound, noise_floor or 0.0), scale.half
    edge = min(scale.edge(threshold), half)
    cells = {column: "·" if abs(column) <= edge else " " for column in range(-half, half + 1)}
    if estimate is not None:
        low, point, high = (
            scale.column(_log(value), threshold) for value in (estimate.low, estimate.point, estimate.high)
        )
        first, last = max(-half, min(half, low)), max(-half, min(half, high))
        cells |= {column: "═" if abs(column) <= edge else "─" for column in range(first, last + 1)}
        cells[last] = "┤"
        cells[first] = "├"
        if abs(point) <= half:
            cells[point] = "●"
        if low < -half:
            cells[-half] = "◂"
        if high > half:
            cells[half] = "▸"
    return "".join(cells[column] for column in range(-half, half + 1))


def draw_scale(scale: BarScale) -> str:
    """The ends of a scale, as the head of its column: `0.84  1  1.19`."""
    left, right = f"{math.exp(-scale.reach):.2f}", f"{math.exp(scale.reach):.2f}"
    middle = "1" if scale.columns >= _WITH_CENTRE else ""
    return f"{left}{middle.center(scale.columns - len(left) - len(right))}{right}"


def describe_bars(bound: float) -> str:
    """A sentence that says how bars are read; `bound` is the margin as a log ratio."""
    return (
        "Bars: ├●┤ is the speedup with its interval, on a log scale that the table shares; ◂ and ▸ lie beyond it; the "
        f"dots and double lines span the margin of {100 * math.expm1(bound):.3g} % or the noise, whichever is larger."
    )


def _log(ratio: float) -> float:
    return math.log(ratio) if ratio > 0 else -math.inf
