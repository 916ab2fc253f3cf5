"""The small probes: the clock, steadiness, bandwidth and peak rate, and the worker's own handling of failure."""

import itertools
import os
import sys
from typing import Any, cast

import numpy as np
import pytest

from profiler.machine.limits import bandwidth, program
from profiler.machine.limits.bandwidth import (
    BASE_BYTES,
    READS,
    SHIFT_BYTES,
    SLACK_BYTES,
    half_copies,
    measure_bandwidths,
    read_rate,
)
from profiler.machine.limits.buffer import Bytes, make_buffer
from profiler.machine.limits.job import LimitsJob
from profiler.machine.limits.peak import measure_peak
from profiler.machine.limits.plan import Budget
from profiler.machine.limits.steadiness import measure_steadiness
from profiler.machine.limits.timer import measure_timer


def test_the_smallest_step_of_a_coarse_clock_is_found() -> None:
    readings = itertools.count()
    timer = measure_timer(lambda: (next(readings) // 10) * 0.001)
    assert timer.resolution_s == pytest.approx(0.001)
    assert timer.overhead_s == pytest.approx(0.0001, rel=0.1)


def test_steadiness_takes_times_enough_even_when_time_is_up() -> None:
    now = itertools.count(step=1.0)
    figures = measure_steadiness(0.0, lambda: next(now))
    assert figures.best_s == figures.median_s == figures.p95_s == 1.0


def test_buffers_start_on_a_page_and_are_written() -> None:
    buffer = make_buffer(100_000)
    assert buffer.size == 100_000
    assert buffer.ctypes.data % os.sysconf("SC_PAGE_SIZE") == 0
    assert (buffer.view(np.float32) == 1.0).all()


def test_kernels_read_the_whole_buffer_in_every_pass() -> None:
    buffer = make_buffer(8192)
    dots, largest = (kernel(buffer, 3)() for kernel in READS)
    assert np.ravel(cast("Any", dots)).tolist() == [1024.0] * 3
    buffer.view(np.int32)[1000] = 2**31 - 1
    largest = READS[1](buffer, 3)()
    assert np.ravel(cast("Any", largest)).tolist()[::2] == [2**31 - 1] * 3


def test_a_copy_goes_from_one_half_to_the_other() -> None:
    buffer = make_buffer(8192 + SHIFT_BYTES)
    buffer[:4096] = 7
    half_copies(buffer, 2)()
    assert (buffer[4096 + SHIFT_BYTES :] == 7).all()
    assert not (buffer[4096 : 4096 + SHIFT_BYTES] == 7).all()


def test_overhead_is_taken_out_of_a_read_but_never_more_than_half() -> None:
    true_rate, overhead_s = 1e10, 1e-7
    times = [size / true_rate + overhead_s for size in (8192, BASE_BYTES)]
    assert read_rate(8192, *times) == pytest.approx(true_rate)
    assert read_rate(8192, 1e-6, 0.999e-6) == pytest.approx(2 * 8192 / 1e-6)
    assert read_rate(8192, 1e-6, 2e-6) <= 2 * 8192 / 1e-6


def test_bandwidth_points_ascend_and_stay_within_the_buffer() -> None:
    buffer = make_buffer((64 << 10) + SLACK_BYTES)
    points = measure_bandwidths(buffer, Budget(0.1, clock=lambda: 0.0))
    sizes = [point.buffer_bytes for point in points]
    assert sizes == [size << 10 for size in (8, 12, 16, 24, 32, 48, 64)]
    assert all(point.read_bytes_per_s > 0 and (point.copy_bytes_per_s or 0) > 0 for point in points)


def test_a_slow_moment_while_overhead_is_measured_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = itertools.count()

    def passes_per_s(_: object, part: Bytes, __: float) -> float:
        slow = 3.0 if next(calls) < len(READS) else 1.0  # the first look at overhead
        return 1.0 / (slow * (1e-7 + float(part.size) / 1e10))

    monkeypatch.setattr(bandwidth, "passes_per_s", passes_per_s)
    points = measure_bandwidths(make_buffer((64 << 10) + SLACK_BYTES), Budget(1.0, clock=lambda: 0.0))
    assert [point.read_bytes_per_s for point in points] == pytest.approx([1e10] * len(points))


def test_the_peak_says_which_kernel_won() -> None:
    peak = measure_peak(0.05, polynomial=lambda *_: None)
    assert peak.kernel == "numba polynomial"
    assert measure_peak(0.05).kernel.startswith("numpy sgemm")


def fail() -> None:
    raise RuntimeError("no registers left\nand more")


@pytest.fixture
def job() -> LimitsJob:
    return LimitsJob(core="x", cpu=None, use_numba=True, buffer_bytes=32 << 10, budget_s=0.2, page_bytes=4096)


def test_a_compiler_that_fails_is_a_problem_and_bandwidth_is_measured(
    job: LimitsJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "compile_chase", fail)
    findings = program.measure_core(job)
    assert "compiling the pointer chase failed: RuntimeError: no registers left" in findings.problems
    assert findings.core.method == "read bandwidth"
    assert findings.core.latencies == ()
    assert findings.core.bandwidths


def test_failures_tell_no_paths() -> None:
    def fail_with_path() -> None:
        raise ImportError("no room " + "x" * 170 + " (/home/alice/venv/lib/python3/site-packages/numba/core.so)")

    problems: list[str] = []
    program._attempt("compiling", fail_with_path, problems)
    assert "alice" not in problems[0]
    assert problems[0].startswith("compiling failed: ImportError: no room")


def test_without_numba_it_is_not_imported(job: LimitsJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    findings = program.measure_core(LimitsJob(core="x", cpu=None, use_numba=False, buffer_bytes=32 << 10, budget_s=0.2,
                                       page_bytes=4096))  # fmt: skip
    assert not any("numba" in problem for problem in findings.problems)


def test_a_cpu_that_cannot_be_had_is_told(job: LimitsJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not allowed")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    problems: list[str] = []
    assert program._pin(5, problems) is None
    assert problems == ["cannot be kept on CPU 5: measured unpinned"]


def test_sizes_without_time_are_told() -> None:
    budget = Budget(1.0)
    budget.left_out = (32 << 20, 64 << 20)
    problems: list[str] = []
    program._tell_left_out("latency", budget, problems)
    assert problems == ["latency from 32 MiB up was left out: no time was left for it"]
