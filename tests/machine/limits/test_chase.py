"""The chain that latency is measured with."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.machine.limits.chase import lay_chain, measure_latencies, visiting_order
from profiler.machine.limits.plan import Budget


def follow(elements: np.typing.NDArray[np.uint64], loads: int) -> list[int]:
    places, at = [], 0
    for _ in range(loads):
        places.append(at)
        at = int(elements[at])
    assert at == 0 or loads == 0
    return places


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), st.integers(1, 300), st.sampled_from([1, 4, 8]), st.integers(0, 2**32))
def test_one_cycle_visits_every_node_once_and_finishes_each_group_first(
    nodes: int, group_nodes: int, step: int, seed: int
) -> None:
    elements = np.zeros(nodes * step, dtype=np.uint64)
    order = visiting_order(nodes, group_nodes, np.random.default_rng(seed))
    lay_chain(elements, order, step)
    visited = follow(elements, nodes)
    assert sorted(visited) == [node * step for node in range(nodes)]
    first = visited.index(int(order[0]) * step)
    groups = [place // step // group_nodes for place in visited[first:] + visited[:first]]
    changes = sum(one != other for one, other in itertools.pairwise(groups))
    assert changes == len(set(groups)) - 1


def test_orders_differ_from_run_to_run() -> None:
    generator = np.random.default_rng()
    assert visiting_order(1000, 1000, generator).tolist() != visiting_order(1000, 1000, generator).tolist()


def test_points_ascend_and_repeats_keep_the_least() -> None:
    walked = []

    def chase(elements: np.typing.NDArray[np.uint64], at: np.uint64, rounds: int) -> np.uint64:
        walked.append(rounds)
        return at

    buffer = np.zeros(32768, dtype=np.uint8)
    points = measure_latencies(chase, buffer, Budget(0.2), page_bytes=4096, line_bytes=64)
    sizes = [point.buffer_bytes for point in points]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 4096
    assert all(point.latency_s > 0 for point in points)
    assert len(walked) > 2 * len(sizes)
