#!/usr/bin/env python3
"""Holds the reference kernels against the same loops in C, and shows from which size on the layout decides.

Usage: .venv/bin/python scripts/evidence/reference_kernels.py [ROUNDS] [CPU]

The loops of `profiler/runtimes/loops.py`, compiled by numba as the reference runtimes have it, and written in C and
compiled here with `gcc -O2`, run pinned to one CPU, by turns in random order; each reports the best of all rounds, with
an empty function called the same way taken off. The goal: numba takes at most 1.3 times as long as C.

"ratio" is time([in, out]) / time([out, in]). "column in" is the smallest cache in which the lines of one column of the
matrix find a place. A row of it is as long as the distance between two of these lines: where it is a power of two, they
share a few sets and push each other out long before the cache is full. That is why the last sizes lie beside one. Where
a row is longer than a page, each of the lines also needs a TLB entry of its own, which the table does not show.

Last printed 2026-11-25 on a quiet machine (Intel Xeon), in the README under "The effect the founding texts argue from".
"""

import ctypes
import dataclasses
import itertools
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from profiler.machine.capture import capture_hardware
from profiler.machine.records import CacheInfo
from profiler.runtimes import loops
from profiler.runtimes.reference import LAYER, compile_kernel

SIZES = (64, 128, 256, 512, 1024, 2048)
BESIDE = (528, 1040, 2064)  # rows of an odd number of cache lines
BATCHES = (1, 8)
SLICE_S = 0.002
GOAL = 1.3
FLOAT_BYTES = 4
KIB = 1024

SOURCE = r"""
void nothing(const float *x, const float *w, const float *b, float *y, long rows, long in, long out) {}

void dot_out_in(const float *x, const float *w, const float *b, float *y, long rows, long in, long out) {
    for (long row = 0; row < rows; row++)
        for (long o = 0; o < out; o++) {
            float total = 0;
            for (long i = 0; i < in; i++) total += x[row * in + i] * w[o * in + i];
            y[row * out + o] = total + b[o];
        }
}

void dot_in_out(const float *x, const float *w, const float *b, float *y, long rows, long in, long out) {
    for (long row = 0; row < rows; row++)
        for (long o = 0; o < out; o++) {
            float total = 0;
            for (long i = 0; i < in; i++) total += x[row * in + i] * w[i * out + o];
            y[row * out + o] = total + b[o];
        }
}

void row_out_in(const float *x, const float *w, const float *b, float *y, long rows, long in, long out) {
    for (long row = 0; row < rows; row++) {
        for (long o = 0; o < out; o++) y[row * out + o] = b[o];
        for (long i = 0; i < in; i++) {
            float value = x[row * in + i];
            for (long o = 0; o < out; o++) y[row * out + o] += value * w[o * in + i];
        }
    }
}

void row_in_out(const float *x, const float *w, const float *b, float *y, long rows, long in, long out) {
    for (long row = 0; row < rows; row++) {
        for (long o = 0; o < out; o++) y[row * out + o] = b[o];
        for (long i = 0; i < in; i++) {
            float value = x[row * in + i];
            for (long o = 0; o < out; o++) y[row * out + o] += value * w[i * out + o];
        }
    }
}
"""
NAIVE = (loops.dot_out_in, loops.dot_in_out, loops.row_out_in, loops.row_in_out)
BLOCKED = (loops.blocked_out_in, loops.blocked_in_out)
Call = Callable[[], object]


@dataclasses.dataclass(frozen=True)
class Kernels:
    """Both compilers' functions by name; `nothing` is the empty one."""

    ours: dict[str, Any]
    theirs: dict[str, Any]


def nothing(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """What a call costs by itself."""


def compile_all(folder: Path) -> Kernels:
    """Compile the loops with numba and with gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        sys.exit("this needs gcc")
    (folder / "loops.c").write_text(SOURCE)
    subprocess.run([gcc, "-O2", "-shared", "-fPIC", "-o", folder / "loops.so", folder / "loops.c"], check=True)
    library = ctypes.CDLL(str(folder / "loops.so"))
    names = [loop.__name__ for loop in NAIVE]
    return Kernels(
        ours={loop.__name__: compile_kernel(loop, LAYER) for loop in (nothing, *NAIVE, *BLOCKED)},
        theirs={name: getattr(library, name) for name in ("nothing", *names)},
    )


def calls(kernels: Kernels, size: int, batch: int) -> dict[tuple[str, str], Call]:
    """A call of every kernel on a square layer, by compiler and name. All read the same arrays."""
    generator = np.random.default_rng(size)
    shapes = ((batch, size), (size, size), (size,), (batch, size))
    arrays = [generator.standard_normal(shape, dtype=np.float32) for shape in shapes]
    found: dict[tuple[str, str], Call] = {}
    for name, kernel in kernels.ours.items():
        found["numba", name] = lambda kernel=kernel: kernel(*arrays)  # type: ignore[misc]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
    counts = [ctypes.c_long(count) for count in (batch, size, size)]
    for name, kernel in kernels.theirs.items():
        found["C", name] = lambda kernel=kernel: kernel(*pointers, *counts)  # type: ignore[misc]
    return found


def measure(kernels: Kernels, size: int, batch: int, rounds: int) -> dict[tuple[str, str], float]:
    """Seconds per product, the best of all rounds, an empty call taken off."""
    todo = calls(kernels, size, batch)
    counts, best = {}, dict.fromkeys(todo, math.inf)
    for key, call in todo.items():
        call()
        counts[key] = max(1, round(SLICE_S / max(1e-7, timed(call, 1))))
    order = list(todo)
    for _ in range(rounds):
        random.shuffle(order)
        for key in order:
            best[key] = min(best[key], timed(todo[key], counts[key]))
    return {key: max(1e-9, value - best[key[0], "nothing"]) for key, value in best.items()}


def timed(call: Call, count: int) -> float:
    """Seconds per call."""
    start = time.perf_counter()
    for _ in itertools.repeat(None, count):
        call()
    return (time.perf_counter() - start) / count


def column_place(caches: list[CacheInfo], size: int) -> str:
    """The smallest cache whose sets take one line for every row of a matrix, or memory."""
    for cache in caches:
        line, sets, ways = cache.line_size_bytes, cache.number_of_sets, cache.ways_of_associativity
        if not line or not sets or not ways:
            continue
        distance = size * FLOAT_BYTES
        used = sets // math.gcd(sets, distance // line) if distance % line == 0 else sets
        if size <= used * ways:
            return f"L{cache.level}"
    return "memory"


def print_table(kernels: Kernels, sizes: tuple[int, ...], batch: int, rounds: int, caches: list[CacheInfo]) -> float:
    """One line per size; returns the largest time of numba over C."""
    print(f"\nbatch {batch}: us per product by numba (and numba / C)")
    print(
        f"{'n':>5} {'weights':>8} {'col. in':>7} | {'dot out_in':>16} {'dot in_out':>16} {'ratio':>6} | "
        f"{'row out_in':>16} {'row in_out':>16} {'ratio':>6} | {'blocked out_in':>14} {'in_out':>9} {'ratio':>6}"
    )
    worst, ratios = 0.0, []
    for size in sizes:
        times = measure(kernels, size, batch, rounds)
        cells = {}
        for loop in NAIVE:
            name = loop.__name__
            against = times["numba", name] / times["C", name]
            worst = max(worst, against)
            cells[name] = f"{times['numba', name] * 1e6:>9.1f} ({against:4.2f})"
        ratio = {
            order: times["numba", f"{order}_in_out"] / times["numba", f"{order}_out_in"]
            for order in ("dot", "row", "blocked")
        }
        ratios.append(ratio["dot"])
        blocked = [times["numba", f"blocked_{layout}"] * 1e6 for layout in ("out_in", "in_out")]
        print(
            f"{size:>5} {size * size * FLOAT_BYTES / KIB:>5.0f} KiB {column_place(caches, size):>7} | "
            f"{cells['dot_out_in']:>16} {cells['dot_in_out']:>16} {ratio['dot']:>6.2f} | "
            f"{cells['row_out_in']:>16} {cells['row_in_out']:>16} {ratio['row']:>6.3f} | "
            f"{blocked[0]:>14.1f} {blocked[1]:>9.1f} {ratio['blocked']:>6.2f}",
            flush=True,
        )
    steps = [math.log(right / left) for left, right in itertools.pairwise(ratios)]
    at = steps.index(max(steps))
    print(
        f"knee of the dot order: between {sizes[at]} and {sizes[at + 1]} its ratio goes from {ratios[at]:.2f} to "
        f"{ratios[at + 1]:.2f}; one column of the matrix fits {column_place(caches, sizes[at])}, then "
        f"{column_place(caches, sizes[at + 1])}"
    )
    return worst


def main() -> None:
    """Print the tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    os.sched_setaffinity(0, [int(sys.argv[2]) if len(sys.argv) > 2 else max(os.sched_getaffinity(0))])  # noqa: PLR2004
    hardware = capture_hardware()
    caches = sorted((cache for cache in hardware.caches if cache.type != "instruction"), key=lambda cache: cache.level)
    shown = ", ".join(
        f"L{cache.level} {(cache.size_bytes or 0) // KIB} KiB {cache.ways_of_associativity}-way" for cache in caches
    )
    print(f"{hardware.cpu_name.value or 'unknown CPU'}; captured caches: {shown or 'unknown'}; best of {rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        kernels = compile_all(Path(folder))
        worst = max(
            print_table(kernels, sizes, batch, rounds, caches) for sizes in (SIZES, BESIDE) for batch in BATCHES
        )
    print(f"\nlargest numba / C: {worst:.2f} (goal: at most {GOAL})")


if __name__ == "__main__":
    main()
