"""Reading cache ends from curves: synthetic staircases with noise, ramps and spikes, and published ones."""

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.machine.limits.knees import bandwidth_knees, find_knees, latency_knees, rising_curve
from profiler.machine.limits.plan import point_sizes
from profiler.machine.limits.records import BandwidthPoint, LatencyPoint

KIB = 1024
OCTAVES = [KIB << at for at in range(2, 17)]  # 4 KiB to 64 MiB


def staircase(sizes: Sequence[int], ends: Sequence[int], levels: Sequence[float], ramp: float) -> list[float]:
    """Levels joined by ramps, straight on logarithmic scales, of so many octaves around each end."""
    places, heights = [0.0], [math.log2(levels[0])]
    for end, before, after in zip(ends, levels[:-1], levels[1:], strict=True):
        places += [math.log2(end) - ramp / 2, math.log2(end) + ramp / 2 + 0.01]
        heights += [math.log2(before), math.log2(after)]
    return [float(2 ** np.interp(math.log2(size), places, heights)) for size in sizes]


@st.composite
def machines(draw: st.DrawFn) -> tuple[list[int], list[float], float]:
    """Cache sizes, the cost at each level, and how many octaves a level takes to end: two at most, fewer if close."""
    ends = [draw(st.sampled_from([16, 24, 32, 48, 64])) * KIB]
    ramp = draw(st.floats(0.0, 2.0))
    if draw(st.booleans()):
        factor = draw(st.sampled_from([8, 16, 32]))
        ends.append(ends[-1] * factor)
        ramp = min(ramp, math.log2(factor) - 2)
    levels = [draw(st.floats(0.5, 4.0))]
    for _ in ends:
        levels.append(levels[-1] * draw(st.floats(2.6, 20.0)))
    return ends, levels, ramp


@settings(max_examples=200, deadline=None)
@given(machines(), st.integers(0, 2**32), st.floats(0.0, 0.04), st.booleans(), st.booleans())
def test_true_sizes_lie_in_the_intervals_whatever_disturbs_the_curve(
    machine: tuple[list[int], list[float], float], seed: int, noise: float, is_fine: bool, has_spike: bool
) -> None:
    ends, levels, ramp = machine
    sizes = point_sizes(64 << 20, is_fine=is_fine)
    generator = random.Random(seed)
    costs = [cost * (1 + noise * generator.random()) for cost in staircase(sizes, ends, levels, ramp)]
    if has_spike:
        costs[generator.randrange(len(costs))] *= generator.choice([0.5, 3.0, 10.0])
    knees = find_knees(sizes, costs)
    assert len(knees) == len(ends)
    for knee, end in zip(knees, ends, strict=True):
        assert knee.low_bytes / 2 <= end <= knee.high_bytes * 2
        assert knee.low_bytes < knee.high_bytes <= 8 * knee.low_bytes


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 100.0), st.integers(0, 2**32), st.floats(0.0, 0.1), st.floats(1.0, 1.25))
def test_flat_curves_and_gentle_slopes_have_no_knee(level: float, seed: int, noise: float, slope: float) -> None:
    sizes = point_sizes(64 << 20)
    generator = random.Random(seed)
    costs = [level * slope ** math.log2(size / sizes[0]) * (1 + noise * generator.random()) for size in sizes]
    assert find_knees(sizes, costs) == ()


@given(st.lists(st.floats(0.01, 1000.0), min_size=0, max_size=30))
def test_any_curve_gives_ordered_knees_of_measured_sizes(costs: list[float]) -> None:
    sizes = point_sizes(64 << 20)[: len(costs)]
    knees = find_knees(sizes, costs[: len(sizes)])
    edges = [edge for knee in knees for edge in (knee.low_bytes, knee.high_bytes)]
    assert set(edges) <= set(sizes)
    assert all(knee.low_bytes < knee.high_bytes and knee.ratio >= 1.499 for knee in knees)
    assert [knee.low_bytes for knee in knees] == sorted(knee.low_bytes for knee in knees)


@given(st.lists(st.floats(-10, 10), min_size=4, max_size=30))
def test_the_robust_curve_never_falls(levels: list[float]) -> None:
    assert (np.diff(rising_curve(np.array(levels))) >= 0).all()


# Latencies in ns from sbc-bench's archive (tinymembench above L1, so L1 is added; ramlat whole), by size; what lies
# between the published figures is filled in evenly.
PUBLISHED = {
    "Pi 4": ([2.2 + extra for extra in (0, 0, 0, 0, 5, 8, 9.5, 12, 23.5, 78, 105, 120, 135, 145, 150)], [32, 1024]),
    "Pi 5": ([1.67, 1.67, 1.67, 1.67, 1.67, 5.0, 5.6, 7.2, 17, 33, 80, 100, 110, 114, 116], [64, 512]),
    "Zero 2 W": ([4.0 + extra for extra in (0, 0, 0, 0, 6, 9, 11, 13, 70, 110, 130, 150, 160, 170, 175)], [32, 512]),
    "Milk-V DuoS": ([3.0 + extra for extra in (0, 0, 0, 0, 2, 79, 100, 110, 115, 120, 122, 125, 126, 127, 128)], [64]),
}


@pytest.mark.parametrize("board", PUBLISHED)
def test_published_curves_show_the_caches_of_their_boards(board: str) -> None:
    costs, caches = PUBLISHED[board]
    knees = find_knees(OCTAVES, costs)
    assert len(knees) == len(caches)
    for knee, cache in zip(knees, caches, strict=True):
        assert knee.low_bytes / 2 <= cache * KIB <= knee.high_bytes * 2


def test_a_curve_as_measured_on_a_large_x86_core() -> None:
    """Sapphire Rapids in a virtual machine, 48 KiB and 2 MiB: reading fast in L1 tells as well as latency."""
    sizes = point_sizes(16 << 20)
    rates = [261, 319, 339, 348, 359, 387, 395, 366, 179, *[177] * 8, 145, 80, 34, 30.5, *[29.5] * 4]
    points = [
        BandwidthPoint(buffer_bytes=size, read_bytes_per_s=1e9 * rate, copy_bytes_per_s=None)
        for size, rate in zip(sizes, rates, strict=False)
    ]
    knees = bandwidth_knees(points)
    assert [(knee.low_bytes // KIB, knee.high_bytes // KIB) for knee in knees] == [(48, 64), (1536, 3072)]


@pytest.mark.parametrize(("end", "ratio", "is_knee"), [(16384, 1.6, False), (16384, 2.2, True), (1024, 1.6, True)])
def test_far_out_a_knee_takes_more_of_a_rise(end: int, ratio: float, is_knee: bool) -> None:
    sizes = point_sizes(64 << 20)
    assert bool(find_knees(sizes, staircase(sizes, [end * KIB], [1.0, ratio], 0.5))) == is_knee


def test_an_end_that_is_seen_from_one_side_only_is_no_knee() -> None:
    sizes = point_sizes(64 * KIB)
    assert find_knees(sizes, [1.0] * (len(sizes) - 1) + [9.0]) == ()
    assert latency_knees([LatencyPoint(buffer_bytes=4096, latency_s=1e-9)]) == ()
    assert latency_knees([]) == ()
