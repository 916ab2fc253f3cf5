"""The most float32 multiply-adds a second that one core was seen to do, by the fastest of several kernels."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from profiler.machine.limits.records import PeakRate
from profiler.models.number_format import NumberFormat

SGEMM_SIZES = (96, 192, 256, 384, 512)
MIN_CALLS = 3
STEPS = 16  # as written out in the kernel
ELEMENTS = 2048  # two rows of them fill 16 KiB, and each is read and written once for 16 steps
Polynomial = Callable[[Any, Any, np.float32, np.float32, int], None]


def measure_peak(spend_s: float, *, polynomial: Polynomial | None = None) -> PeakRate:
    """The best rate of matrix products of numpy at several sizes, and of the compiled polynomial where there is one."""
    kernels = len(SGEMM_SIZES) + (polynomial is not None)
    rates = [_sgemm(size, spend_s / kernels) for size in SGEMM_SIZES]
    if polynomial is not None:
        rates.append(_polynomial(polynomial, spend_s / kernels))
    return max(rates, key=lambda rate: rate.flops_per_s)


def compile_polynomial() -> Polynomial:
    """The compiled loop: x = x * c + d, 16 times for every element of two rows, so many times over."""
    import numba

    def polynomial(first: Any, second: Any, c: Any, d: Any, passes: Any) -> None:
        for _ in range(passes):
            for at in range(first.size):
                x, y = first[at], second[at]
                x = (((x * c + d) * c + d) * c + d) * c + d
                y = (((y * c + d) * c + d) * c + d) * c + d
                x = (((x * c + d) * c + d) * c + d) * c + d
                y = (((y * c + d) * c + d) * c + d) * c + d
                x = (((x * c + d) * c + d) * c + d) * c + d
                y = (((y * c + d) * c + d) * c + d) * c + d
                x = (((x * c + d) * c + d) * c + d) * c + d
                y = (((y * c + d) * c + d) * c + d) * c + d
                first[at], second[at] = x, y

    row, number = numba.float32[::1], numba.float32
    compiled: Polynomial = numba.njit(numba.void(row, row, number, number, numba.int64), fastmath=True)(polynomial)
    return compiled


def _sgemm(size: int, spend_s: float) -> PeakRate:
    left, right = np.full((size, size), 0.5, dtype=np.float32), np.full((size, size), 0.25, dtype=np.float32)
    out = np.empty_like(left)
    best_s = _best_time(lambda: np.matmul(left, right, out=out), spend_s)
    return PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=2.0 * size**3 / best_s, kernel=f"numpy sgemm {size}x{size}")


def _polynomial(polynomial: Polynomial, spend_s: float) -> PeakRate:
    first = np.full(ELEMENTS, 0.5, dtype=np.float32)
    second, passes = first.copy(), 16
    best_s = _best_time(lambda: polynomial(first, second, np.float32(0.5), np.float32(0.25), passes), spend_s)
    flops_per_s = 2.0 * 2 * ELEMENTS * STEPS * passes / best_s
    return PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=flops_per_s, kernel="numba polynomial")


def _best_time(call: Callable[[], object], spend_s: float) -> float:
    call()
    best_s, calls = float("inf"), 0
    end_s = time.perf_counter() + spend_s
    while time.perf_counter() < end_s or calls < MIN_CALLS:
        start_s = time.perf_counter()
        call()
        best_s = min(best_s, max(1e-12, time.perf_counter() - start_s))
        calls += 1
    return best_s
