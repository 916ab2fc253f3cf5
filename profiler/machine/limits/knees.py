"""Where caches end, read from a curve of latency or bandwidth over buffer size.

The rule: the curve is made free of spikes and falls nowhere; a rise is where it climbs at a rate of 1.5 times an octave
or more; a rise of 1.5 times or more in all, with two points at least on either side, is a knee. Slopes that are gentler
than that are no knees: second-level caches slow down well before their nominal size where pages are random. Nor are
rises of less than 1.8 times that end beyond 8 MiB: few points are measured there, the TLB and neighbours slow them down
too, and on a virtual machine with a far larger cache such rises came and went from run to run.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from profiler.machine.limits.records import BandwidthPoint, Knee, LatencyPoint

MIN_RATIO = 1.5
FAR_BYTES = 8 << 20
MIN_FAR_RATIO = 1.8
PER_OCTAVE = 4  # points of the grid that the curve is looked at on
MIN_POINTS = 4  # two on either side
PLATEAU_POINTS = 2
LOW_PART, HIGH_PART = 0.2, 0.8  # of the rise, on a logarithmic scale: up to there fast, from there slow
_STEEP = math.log2(MIN_RATIO) / 2  # within two steps of the grid: half an octave

Curve = npt.NDArray[np.float64]


def latency_knees(points: Sequence[LatencyPoint]) -> tuple[Knee, ...]:
    """The knees of a latency curve: its points ascend in size."""
    return find_knees([point.buffer_bytes for point in points], [point.latency_s for point in points])


def bandwidth_knees(points: Sequence[BandwidthPoint]) -> tuple[Knee, ...]:
    """The knees of read bandwidth: what a byte costs takes the place of latency."""
    return find_knees([point.buffer_bytes for point in points], [1.0 / point.read_bytes_per_s for point in points])


def find_knees(sizes: Sequence[int], costs: Sequence[float]) -> tuple[Knee, ...]:
    """Where costs rise from one plateau to the next.

    Args:
        sizes: bytes, ascending.
        costs: what a load or a byte takes in a buffer of that size; positive, in any unit.
    """
    if len(sizes) < MIN_POINTS:
        return ()
    places, levels = np.log2(np.asarray(sizes, dtype=np.float64)), rising_curve(np.log2(np.asarray(costs)))
    grid = np.linspace(places[0], places[-1], max(3, round((places[-1] - places[0]) * PER_OCTAVE) + 1))
    curve = np.interp(grid, places, levels)
    knees = [_knee(sizes, places, grid, curve, first, last) for first, last in _rises(curve)]
    return tuple(knee for knee in knees if knee is not None)


def rising_curve(levels: Curve) -> Curve:
    """The curve without spikes: the median of each point and its neighbours, then at most what any larger size has.

    A larger buffer cannot be faster, so what falls to the right was disturbed.
    """
    padded = np.concatenate(([levels[:3]], [levels[at - 1 : at + 2] for at in range(1, levels.size - 1)]))
    medians = np.median(np.concatenate((padded, [levels[-3:]])), axis=1)
    rising: Curve = np.minimum.accumulate(medians[::-1])[::-1]
    return rising


def _rises(curve: Curve) -> list[tuple[int, int]]:
    """First and last index of each stretch of the grid that is steep within half an octave around every step.

    Two stretches with at most half an octave between them are one: no cache is that close to the next.
    """
    steep = np.zeros(curve.size - 1, dtype=bool)
    for at in np.flatnonzero(curve[2:] - curve[:-2] >= _STEEP):
        steep[at : at + 2] = True
    edges = np.flatnonzero(np.diff(np.concatenate(([0], steep.astype(np.int8), [0]))))
    rises: list[tuple[int, int]] = []
    for first, last in edges.reshape(-1, 2).tolist():
        if rises and first - rises[-1][1] <= PER_OCTAVE // 2:
            rises[-1] = (rises[-1][0], last)
        else:
            rises.append((first, last))
    return rises


def _knee(sizes: Sequence[int], places: Curve, grid: Curve, curve: Curve, first: int, last: int) -> Knee | None:
    """The knee of one rise, None if it is too small or has too few points on one side."""
    rise = curve[last] - curve[first]
    if rise < math.log2(MIN_RATIO):
        return None
    stretch, levels = grid[first : last + 1], curve[first : last + 1]
    low_place = np.interp(curve[first] + LOW_PART * rise, levels, stretch)
    high_place = np.interp(curve[first] + HIGH_PART * rise, levels, stretch)
    low = int(np.searchsorted(places, low_place + 1e-9, side="right")) - 1
    high = max(low + 1, int(np.searchsorted(places, high_place - 1e-9)))
    if low < PLATEAU_POINTS - 1 or high > len(sizes) - PLATEAU_POINTS:
        return None
    if sizes[high] > FAR_BYTES and rise < math.log2(MIN_FAR_RATIO):
        return None
    return Knee(low_bytes=sizes[low], high_bytes=sizes[high], ratio=float(2**rise))
