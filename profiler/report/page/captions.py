"""The charts in words: a heading, how to read each, and what it shows, for those who do not see it."""

from collections.abc import Sequence

from profiler.base.record import Record
from profiler.judge.records import Verdict
from profiler.report.charts import ChartName
from profiler.report.charts.frame import CacheMark, Frame
from profiler.report.points import Point, is_known
from profiler.report.values import format_bytes, format_time

_COSTS = {"load": "loading", "first": "the first call"}


class Caption(Record, frozen=True, kw_only=True):
    """What stands around a chart: `reading` how it is to be read, `summary` what it shows of all cases."""

    name: ChartName
    title: str
    reading: str
    summary: str


def caption_of(name: ChartName, points: Sequence[Point], marks: Sequence[CacheMark], frame: Frame) -> Caption:
    """Heading and words for one chart."""
    drawn = [point for point in points if point.speedup is not None]
    title, reading = _HEADINGS[name]
    if name is ChartName.MAP and not frame.has_grid:
        reading = f"Layers from small to large, a line for each runtime. {reading}"
    summary = {
        ChartName.MAP: _map,
        ChartName.CACHE: lambda found: _cache(found, marks),
        ChartName.FOREST: _forest,
        ChartName.TIME: _time,
        ChartName.COST: _cost,
    }[name](drawn)
    return Caption(name=name, title=title, reading=reading, summary=summary)


_HEADINGS = {
    ChartName.MAP: (
        "Where it pays off",
        (
            "Teal: transposed storage is faster. Rust: it is slower. A plain cell with = makes no difference, a hollow "
            "one with ? is undecided and has no colour. Numbers are speedups."
        ),
    ),
    ChartName.CACHE: (
        "Speedup by size of the weights",
        (
            "Each mark is a case with its interval; above 1x transposed storage is faster. Undecided cases are hollow "
            "and grey. The band is the margin; dashed lines are the sizes of the caches of one core."
        ),
    ),
    ChartName.FOREST: (
        "Every case with its interval",
        (
            "Sorted by effect. A case is decided when its interval lies wholly on one side of the margin band and of "
            "the noise, or wholly within the band."
        ),
    ),
    ChartName.TIME: (
        "Time per call",
        (
            "Both layouts, and the least time that this machine could take where it is known; bounds below a hundredth "
            "of a call are left out."
        ),
    ),
    ChartName.COST: (
        "Before the steady state",
        (
            "Time to load, time of the first call, and rise of memory at load, each taken in fresh processes. "
            "Intervals wider than the axis are cut off."
        ),
    ),
}


def _counts(points: Sequence[Point]) -> str:
    words = [f"{count} {verdict}" for verdict in Verdict if (count := sum(p.verdict == verdict for p in points))]
    return f"{_cases(len(points))}: {', '.join(words)}."


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _map(points: Sequence[Point]) -> str:
    known = [point for point in points if is_known(point) and point.speedup]
    text = _counts(points)
    if not known:
        return f"{text} No case is known to differ, so that no cell has a colour."
    first, last = (
        choose(known, key=lambda point: point.speedup or 1) for choose in (min, max)
    )  # fmt: skip
    if first is last:
        return f"{text} The one that differs is {first.label} at {first.speedup:.2f}x."
    ends = f"{first.speedup:.2f}x ({first.label}) to {last.speedup:.2f}x ({last.label})"
    return f"{text} Those that differ reach from {ends}."


def _cache(points: Sequence[Point], marks: Sequence[CacheMark]) -> str:
    if not points:
        return "No case was measured."
    sizes = [point.weight_bytes for point in points]
    caches = list(dict.fromkeys(mark.cache for mark in sorted(marks, key=lambda mark: mark.cache_bytes)))
    drawn = f"Caches drawn in: {', '.join(caches)}." if caches else "No cache of a known size lies near."
    return f"{_counts(points)} Weights take {format_bytes(min(sizes))} to {format_bytes(max(sizes))}. {drawn}"


def _forest(points: Sequence[Point]) -> str:
    if not points:
        return "No case was measured."
    ordered = sorted(points, key=lambda point: point.speedup or 1)
    first, last = ordered[0], ordered[-1]
    ends = f"from {_interval(first)} to {_interval(last)}" if first is not last else _interval(first)
    return f"{_counts(points)} They reach {ends}."


def _interval(point: Point) -> str:
    return f"{point.speedup:.2f} [{point.low:.2f}, {point.high:.2f}] ({point.label})"


def _time(points: Sequence[Point]) -> str:
    times = [value for point in points for value in (point.out_in_s, point.in_out_s) if value]
    if not times:
        return "No time was measured."
    bounds = [
        (point.bound_s / min(point.out_in_s, point.in_out_s), point)
        for point in points
        if point.bound_s and point.out_in_s and point.in_out_s
    ]
    text = f"A call takes {format_time(min(times))} to {format_time(max(times))} in {_cases(len(points))}."
    if not bounds:
        return f"{text} What this machine could do at best is not known."
    share, nearest = max(bounds, key=lambda pair: pair[0])
    return f"{text} Nearest to what this machine could do is {nearest.label}, at {100 * share:.0f} % of it."


def _cost(points: Sequence[Point]) -> str:
    texts = []
    for name, words in _COSTS.items():
        values = [
            value for point in points for layout in ("out_in", "in_out")
            if (value := getattr(point, f"{name}_{layout}")) is not None
        ]  # fmt: skip
        if values:
            texts.append(f"{words} takes {format_time(min(values))} to {format_time(max(values))}")
    rises = [value for point in points for value in (point.rise_out_in, point.rise_in_out) if value is not None]
    if rises:
        texts.append(f"memory rises by {format_bytes(round(min(rises)))} to {format_bytes(round(max(rises)))} at load")
    joined = "; ".join(texts)
    return f"{joined[:1].upper()}{joined[1:]}." if joined else "Nobody measured load time, first call or memory."
