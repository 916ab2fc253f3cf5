#!/usr/bin/env python3
"""Holds the roofline's figures against a reference in C, compiled here, and its knees against sysfs.

Usage: .venv/bin/python scripts/evidence/bandwidth_reference.py [ROUNDS] [CPU]

Both sides run pinned to the same CPU, by turns, over the same sizes; each reports the best of all rounds. "single" is
how far a single round of ours was from the best of the reference, at worst and at best. C reads by the better of
vector additions and the dot product of a buffer's halves, copies by the better of memcpy and a vector loop from one
half of a buffer to the other, as we do (bytes read and written are counted), and follows a random cycle within 64 pages
at a time, as we do. The target is 10 % for bandwidth, and one octave between a knee and the size that sysfs reports for
L1d and L2.

Last printed: no print of it was kept. It was written on 2026-11-24, for the machine of that day, which nobody noted.
"""

import collections
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from profiler.machine.limits.bandwidth import SLACK_BYTES, measure_bandwidths
from profiler.machine.limits.buffer import make_buffer
from profiler.machine.limits.chase import compile_chase, measure_latencies
from profiler.machine.limits.knees import bandwidth_knees, latency_knees
from profiler.machine.limits.plan import MAX_BYTES, MIN_BANDWIDTH_BYTES, Budget, point_sizes
from profiler.machine.limits.records import Knee

STAGE_S = 3.2
TARGET = 0.10
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
KIB = 1024
Curves = dict[str, dict[int, list[float]]]

SOURCE = r"""
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { HUGE = 2 << 20, SHIFT = 256, CALLS = 12 };
typedef int vector __attribute__((vector_size(64), aligned(64)));
static char *memory;
static volatile int sink;
static void *volatile end;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int start(long bytes) {
    if (posix_memalign((void **)&memory, HUGE, bytes + HUGE)) return 0;
    madvise(memory, bytes + HUGE, MADV_HUGEPAGE);
    memset(memory, 0, bytes + HUGE);
    return 1;
}

static double passes(void (*act)(long), long bytes, long times) {
    double start = now();
    for (long i = 0; i < times; i++) {
        __asm__ volatile("" ::: "memory");
        act(bytes);
    }
    return (now() - start) / times;
}

static double best(void (*act)(long), long bytes) {
    double least = passes(act, bytes, 1);
    long times = 1;
    while ((least = passes(act, bytes, times)) * times < 5e-4) times *= 2;
    for (int i = 0; i < CALLS; i++) {
        double s = passes(act, bytes, times);
        if (s < least) least = s;
    }
    return bytes / least;
}

static void add_up(long bytes) {
    const vector *a = (const vector *)memory;
    vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};
    for (long i = 0, n = bytes / 64; i + 8 <= n; i += 8) {
        s0 += a[i]; s1 += a[i + 1]; s2 += a[i + 2]; s3 += a[i + 3];
        s4 += a[i + 4]; s5 += a[i + 5]; s6 += a[i + 6]; s7 += a[i + 7];
    }
    s0 += s1 + s2 + s3 + s4 + s5 + s6 + s7;
    sink = s0[0] + s0[7];
}

typedef float floats __attribute__((vector_size(64), aligned(64)));

static void multiply_up(long bytes) {
    const floats *a = (const floats *)memory, *b = (const floats *)(memory + bytes / 2);
    floats s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (long i = 0, n = bytes / 128; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i]; s1 += a[i + 1] * b[i + 1]; s2 += a[i + 2] * b[i + 2]; s3 += a[i + 3] * b[i + 3];
    }
    s0 += s1 + s2 + s3;
    sink = (int)(s0[0] + s0[7]);
}

static void copy_by_memcpy(long bytes) { memcpy(memory + bytes / 2 + SHIFT, memory, bytes / 2); }

static void copy_by_loop(long bytes) {
    const vector *from = (const vector *)memory;
    vector *to = (vector *)(memory + bytes / 2 + SHIFT);
    for (long i = 0, n = bytes / 2 / 64; i + 4 <= n; i += 4) {
        vector a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3];
        to[i] = a; to[i + 1] = b; to[i + 2] = c; to[i + 3] = d;
        __asm__ volatile("" ::: "memory"); /* or the compiler calls memcpy */
    }
}

static double better(double a, double b) { return a > b ? a : b; }

double read_rate(long bytes) { return better(best(add_up, bytes), best(multiply_up, bytes)); }

double copy_rate(long bytes) { return better(best(copy_by_memcpy, bytes), best(copy_by_loop, bytes)); }

double load_time(long bytes, long group) {
    long n = bytes / 64, groups = (n + group - 1) / group, at = 0;
    long *order = malloc(n * sizeof *order), *ranks = malloc(groups * sizeof *ranks);
    for (long i = 0; i < groups; i++) {
        long j = random() % (i + 1);
        ranks[i] = ranks[j];
        ranks[j] = i;
    }
    for (long g = 0; g < groups; g++) {
        long first = ranks[g] * group, size = n - first < group ? n - first : group;
        for (long i = 0; i < size; i++) {
            long j = random() % (i + 1);
            order[at + i] = order[at + j];
            order[at + j] = first + i;
        }
        at += size;
    }
    for (long i = 0; i < n; i++) *(void **)(memory + 64 * order[i]) = memory + 64 * order[(i + 1) % n];
    free(order);
    free(ranks);
    void **p = (void **)memory;
    for (long i = 0; i < n; i++) p = *p;
    long loads = 200000; /* about as long a stretch as ours: the best of shorter ones is lower beyond L2 */
    double least = 1;
    for (int k = 0; k < 6; k++) {
        double start = now();
        for (long i = 0; i < loads; i += 8) p = *******(void ********)*p;
        double s = (now() - start) / loads;
        if (s < least) least = s;
    }
    end = p;
    return least;
}
"""


def main() -> None:
    """Print the tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    cpu = int(sys.argv[2]) if len(sys.argv) > 2 else max(os.sched_getaffinity(0))  # noqa: PLR2004
    os.sched_setaffinity(0, {cpu})
    with tempfile.TemporaryDirectory() as folder:
        reference = compile_reference(Path(folder))
    if not reference.start(MAX_BYTES):
        sys.exit("no memory for the reference")
    buffer, chase = make_buffer(MAX_BYTES + SLACK_BYTES), compile_chase()
    ours: Curves = collections.defaultdict(lambda: collections.defaultdict(list))
    theirs: Curves = collections.defaultdict(lambda: collections.defaultdict(list))
    knees: dict[str, list[tuple[Knee, ...]]] = {"pointer chase": [], "read bandwidth": []}
    for _ in range(rounds):
        points = measure_bandwidths(buffer, Budget(STAGE_S))
        loads = measure_latencies(chase, buffer[:MAX_BYTES], Budget(STAGE_S), page_bytes=PAGE_BYTES, line_bytes=64)
        for point in points:
            ours["read"][point.buffer_bytes].append(point.read_bytes_per_s)
            ours["copy"][point.buffer_bytes].append(point.copy_bytes_per_s or 0.0)
        for load in loads:
            ours["latency"][load.buffer_bytes].append(load.latency_s)
        for size in point_sizes(MAX_BYTES, smallest_bytes=MIN_BANDWIDTH_BYTES):
            theirs["read"][size].append(reference.read_rate(size))
            theirs["copy"][size].append(reference.copy_rate(size))
            theirs["latency"][size].append(reference.load_time(size, 64 * PAGE_BYTES // 64))
        knees["pointer chase"].append(latency_knees(loads))
        knees["read bandwidth"].append(bandwidth_knees(points))
    print(f"CPU {cpu}, {rounds} rounds, best of each side")
    for what, pick, scale, unit in (
        ("read", max, 1e-9, "GB/s"),
        ("copy", max, 1e-9, "GB/s"),
        ("latency", min, 1e9, "ns"),
    ):
        print_table(what, unit, ours[what], theirs[what], pick=pick, scale=scale)
    print_knees(knees, sysfs_caches(cpu))


def compile_reference(folder: Path) -> ctypes.CDLL:
    """The C functions above, compiled for this very CPU."""
    source, library = folder / "reference.c", folder / "reference.so"
    source.write_text(SOURCE)
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-w"]
    subprocess.run([shutil.which("cc") or "gcc", *flags, "-o", str(library), str(source)], check=True)
    reference = ctypes.CDLL(str(library))
    reference.start.argtypes = reference.read_rate.argtypes = reference.copy_rate.argtypes = [ctypes.c_long]
    reference.load_time.argtypes = [ctypes.c_long, ctypes.c_long]
    reference.read_rate.restype = reference.copy_rate.restype = reference.load_time.restype = ctypes.c_double
    return reference


def print_table(
    what: str,
    unit: str,
    ours: dict[int, list[float]],
    theirs: dict[int, list[float]],
    *,
    pick: Callable[[Sequence[float]], float],
    scale: float,
) -> None:
    """One line per size: ours, the reference and their ratio; a mark where that is off the target."""
    print(f"\n{what}\n{'KiB':>7}{'ours ' + unit:>12}{'C ' + unit:>12}{'ours/C':>9}   single")
    ratios = []
    for size, values in theirs.items():
        if size not in ours:
            continue
        reference = pick(values)
        ratio = pick(ours[size]) / reference
        single = sorted(value / reference for value in ours[size])
        mark = " " if abs(ratio - 1) <= TARGET else "!"
        print(
            f"{size // KIB:7d}{pick(ours[size]) * scale:12.1f}{reference * scale:12.1f}{ratio:9.3f} {mark} "
            f"{single[0]:.2f}-{single[-1]:.2f}"
        )
        ratios.append(ratio)
    within = sum(abs(ratio - 1) <= TARGET for ratio in ratios)
    print(f"within {TARGET:.0%}: {within} of {len(ratios)} sizes; median {statistics.median(ratios):.3f}")


def sysfs_caches(cpu: int) -> dict[str, int]:
    """The sizes of the caches that hold data, as sysfs reports them for one CPU."""
    found = {}
    for index in sorted(Path(f"/sys/devices/system/cpu/cpu{cpu}/cache").glob("index*")):
        if (index / "type").read_text().strip() != "Instruction" and (index / "size").exists():
            found[f"L{(index / 'level').read_text().strip()}"] = int((index / "size").read_text().strip("K\n")) * KIB
    return found


def print_knees(knees: dict[str, list[tuple[Knee, ...]]], caches: dict[str, int]) -> None:
    """The knees of each round, and how often one lies within an octave of a cache's size."""
    print("\nsysfs: " + ", ".join(f"{name} {size // KIB}K" for name, size in caches.items()))
    for method, rounds in knees.items():
        print(f"knees by {method}:")
        for found in rounds:
            print("  " + ", ".join(f"{k.low_bytes // KIB}K-{k.high_bytes // KIB}K x{k.ratio:.1f}" for k in found))
        for name, size in caches.items():
            hits = sum(any(size / 2 <= k.low_bytes and k.high_bytes <= size * 2 for k in found) for found in rounds)
            print(f"  {name} {size // KIB}K: both ends of a knee within one octave in {hits} of {len(rounds)} rounds")


if __name__ == "__main__":
    main()
