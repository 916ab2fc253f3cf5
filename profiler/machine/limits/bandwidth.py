"""How fast one core reads and copies, by buffer size, with numpy alone.

A call of numpy costs more than reading a small buffer does, so one call goes over the buffer many times: through views
whose outer stride is 0. What is left of overhead in each pass is taken off by comparing with a very small buffer. So
figures for reading small buffers, which fit the first cache, are corrected ones: up to twice as high as what numpy gets
there. Copies are not corrected.
"""

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from profiler.machine.limits.buffer import Bytes
from profiler.machine.limits.plan import MIN_BANDWIDTH_BYTES, Budget, point_sizes
from profiler.machine.limits.records import BandwidthPoint

SLACK_BYTES = 4096  # past the largest size: the target of a copy is shifted a little
MAX_PASSES = 20_000
MIN_CALLS = 5
POINT_PARTS = 3  # a kernel's time at one size: finding the number of passes, and two sweeps
CALL_S = 0.001  # what a call shall take
BASE_S = 0.005
BASE_MAX_BYTES = 32 << 10  # overhead is measured beside each size below this: a slow moment passes
BASE_BYTES = 1024  # what a pass over so little takes is mostly overhead
SHIFT_BYTES = 256  # else source and target differ by a power of two, and loads wait for stores they do not depend on

Kernel = Callable[[Bytes, int], Callable[[], object]]


def dot_products(buffer: Bytes, passes: int) -> Callable[[], object]:
    """The dot product of the buffer's halves, by BLAS, once per pass."""
    floats = buffer.view(np.float32)
    half = floats.size // 2
    rows = as_strided(floats[:half], (passes, 1, half), (0, 4 * half, 4))
    column = floats[half:].reshape(half, 1)
    out = np.empty((passes, 1, 1), dtype=np.float32)
    return lambda: np.matmul(rows, column, out=out)


def largest_values(buffer: Bytes, passes: int) -> Callable[[], object]:
    """The largest of the buffer's integers, once per pass. Every other segment is the last element alone."""
    integers = buffer.view(np.int32)
    starts = np.array([0, integers.size - 1] * passes)
    out = np.empty(starts.size, dtype=np.int32)
    return lambda: np.maximum.reduceat(integers, starts, out=out)


def half_copies(buffer: Bytes, passes: int) -> Callable[[], object]:
    """A copy of the buffer's first half to its second, once per pass: elements as large as that half."""
    half = (buffer.size - SHIFT_BYTES) // 2
    element = np.dtype((np.void, half))
    source = as_strided(buffer[:half].view(element), (passes,), (0,))
    target = as_strided(buffer[half + SHIFT_BYTES :][:half].view(element), (passes,), (0,))
    return lambda: np.copyto(target, source)


READS: tuple[Kernel, ...] = (dot_products, largest_values)


def measure_bandwidths(buffer: Bytes, budget: Budget) -> tuple[BandwidthPoint, ...]:
    """Read and copy bandwidth in buffers from 8 KiB up to the size of `buffer`, as far as the budget goes.

    Reading is the best of all kernels, with overhead taken off: that raises the figures of small buffers, at most
    twofold. A copy goes from one half of the buffer to the other, so it reads and writes as many bytes as the buffer
    has, and is left as measured.
    """
    sizes = point_sizes(buffer.nbytes - SLACK_BYTES, smallest_bytes=MIN_BANDWIDTH_BYTES)
    part_s = budget.total_s / len(sizes) / (len(READS) + 1) / POINT_PARTS
    bases = [math.inf for _ in READS]
    reads: dict[int, list[float]] = {}
    copies: dict[int, float] = {}
    for size in budget.sweeps(sizes):
        if size < BASE_MAX_BYTES:
            bases = _least(bases, [1.0 / passes_per_s(kernel, buffer[:BASE_BYTES], BASE_S) for kernel in READS])
        times_s = [1.0 / passes_per_s(kernel, buffer[:size], part_s) for kernel in READS]
        reads[size] = _least(reads.get(size, times_s), times_s)
        copy = passes_per_s(half_copies, buffer[: size + SHIFT_BYTES], part_s)
        copies[size] = max(size * copy, copies.get(size, 0.0))
    return tuple(
        BandwidthPoint(
            buffer_bytes=size,
            read_bytes_per_s=max(read_rate(size, *times) for times in zip(times_s, bases, strict=True)),
            copy_bytes_per_s=copies[size],
        )
        for size, times_s in reads.items()
    )


def read_rate(size: int, time_s: float, base_s: float) -> float:
    """Bytes per second, from what a pass over the buffer takes, and one over `BASE_BYTES`: both have its overhead.

    At most half of the time is taken for overhead.
    """
    return max(size / time_s, min((size - BASE_BYTES) / max(time_s - base_s, 1e-12), 2 * size / time_s))


def passes_per_s(kernel: Kernel, buffer: Bytes, spend_s: float) -> float:
    """The most passes a second that one of several calls made, within about `spend_s` but of at least five calls."""
    passes = 1
    while True:
        call = kernel(buffer, passes)
        call()
        call_s = _timed(call)
        if call_s >= CALL_S / 2 or passes == MAX_PASSES:
            break
        passes = min(MAX_PASSES, max(2 * passes, int(passes * CALL_S / max(call_s, 1e-7))))
    calls = max(MIN_CALLS, int(spend_s / call_s))
    return passes / min(_timed(call) for _ in range(calls))


def _least(ones: list[float], others: list[float]) -> list[float]:
    return [min(pair) for pair in zip(ones, others, strict=True)]


def _timed(call: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    call()
    return max(1e-12, time.perf_counter() - start_s)
