"""Latency: following a chain of dependent loads through buffers of growing size, as lmbench and multichase do.

The chain is one random cycle (as Sattolo's algorithm gives), so that no prefetcher guesses it. It stays within 64
pages until it has been on every line of them, as multichase does, so that the reach of the TLB is not mistaken for a
cache.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from profiler.machine.limits.buffer import Bytes
from profiler.machine.limits.plan import Budget, point_sizes
from profiler.machine.limits.records import LatencyPoint

GROUP_PAGES = 64
LINE_BYTES = 64  # the chain's nodes lie so far apart: a cache line, or half of one
REPEATS = 5
UNROLLED = 16
MAX_SLICE_S = 0.005
POINT_PARTS = 16  # a point's time: its repeats, laying the chain and warming, in two sweeps
_INDEX_BYTES = 8

Nodes = npt.NDArray[np.uint64]
Chase = Callable[[Nodes, np.uint64, int], np.uint64]


def visiting_order(nodes: int, group_nodes: int, generator: np.random.Generator) -> npt.NDArray[np.intp]:
    """The order in which all nodes are visited: group by group in random order, and in random order inside a group."""
    order = np.empty(nodes, dtype=np.intp)
    at = 0
    for group in generator.permutation(-(-nodes // group_nodes)):
        start = int(group) * group_nodes
        size = min(group_nodes, nodes - start)
        order[at : at + size] = start + generator.permutation(size)
        at += size
    return order


def lay_chain(elements: Nodes, order: npt.NDArray[np.intp], step: int) -> None:
    """Write at every node, `step` elements apart, where the node that follows it in the order lies."""
    places = order * step
    elements[places] = np.roll(places, -1)


def compile_chase() -> Chase:
    """The compiled loop: follows the chain from an element for 16 times so many loads, returns where it came to."""
    import numba

    def chase(elements: Any, start: Any, rounds: Any) -> Any:
        at = start
        for _ in range(rounds):
            at = elements[elements[elements[elements[at]]]]
            at = elements[elements[elements[elements[at]]]]
            at = elements[elements[elements[elements[at]]]]
            at = elements[elements[elements[elements[at]]]]
        return at

    # Unsigned, or each load would be followed by a look whether the index counts from the end
    signature = numba.uint64(numba.uint64[::1], numba.uint64, numba.int64)
    compiled: Chase = numba.njit(signature)(chase)
    return compiled


def measure_latencies(
    chase: Chase, buffer: Bytes, budget: Budget, *, page_bytes: int, line_bytes: int
) -> tuple[LatencyPoint, ...]:
    """The latency in buffers from 4 KiB up to the size of `buffer`, as far as the budget goes."""
    generator = np.random.default_rng()
    elements = buffer.view(np.uint64)
    sizes = point_sizes(buffer.nbytes, is_fine=True)
    slice_s = min(MAX_SLICE_S, budget.total_s / len(sizes) / POINT_PARTS)
    best_s: dict[int, float] = {}
    for size in budget.sweeps(sizes):
        order = visiting_order(size // line_bytes, GROUP_PAGES * page_bytes // line_bytes, generator)
        lay_chain(elements, order, line_bytes // _INDEX_BYTES)
        latency_s = _latency(chase, elements, order.size, slice_s)
        best_s[size] = min(latency_s, best_s.get(size, latency_s))
    return tuple(LatencyPoint(buffer_bytes=size, latency_s=latency_s) for size, latency_s in best_s.items())


def _latency(chase: Chase, elements: Nodes, nodes: int, slice_s: float) -> float:
    """Seconds per load: the least of several stretches, each going on where the last one ended, after a warm round."""
    rounds = -(-nodes // UNROLLED)
    at, load_s = _timed(chase, elements, np.uint64(0), rounds)
    if load_s * rounds * UNROLLED < slice_s:  # so short that the clock's step shows
        at, load_s = _timed(chase, elements, at, max(rounds, 1000))
    rounds = max(64, int(slice_s / load_s / UNROLLED))
    best_s = float("inf")
    for _ in range(REPEATS):
        at, load_s = _timed(chase, elements, at, rounds)
        best_s = min(best_s, load_s)
    return best_s


def _timed(chase: Chase, elements: Nodes, at: np.uint64, rounds: int) -> tuple[np.uint64, float]:
    start_s = time.perf_counter()
    at = np.uint64(chase(elements, at, rounds))
    return at, max(1e-12, time.perf_counter() - start_s) / (rounds * UNROLLED)
