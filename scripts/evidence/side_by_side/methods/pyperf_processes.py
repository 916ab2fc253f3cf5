"""pyperf: its Runner, which calibrates and measures one arm in process after process and then the other.

A process gives one warm-up and three values, as by default; there are as many processes as the budget allows. Below
`ENOUGH` of them values are shortened (`--min-time`) to make room. The rule is pyperf's own, of `compare_to`: a pooled
two-sample t test at 95 % over all values.
"""

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pyperf
from pyperf._compare import CompareData, CompareResult
from pyperf._utils import pooled_sample_variance, tdist95conf_level

from scripts.evidence.side_by_side.pairs import ONE_THREAD, REQUEST_VARIABLE, Request
from scripts.evidence.side_by_side.results import Answer, answer

WORKER = "scripts.evidence.side_by_side.methods.pyperf_worker"
COMMAND = [sys.executable, "-m", WORKER]
INHERITED = ",".join([REQUEST_VARIABLE, *ONE_THREAD])
MIN_TIMES_S = (0.1, 0.03, 0.01)  # the first is pyperf's default
LENGTH = 1.5  # a value lasts one to two `--min-time`: loops are powers of two
VALUES = 4  # the warm-up and three
CALIBRATION_VALUES = 6  # those, and the shorter ones before them
ENOUGH = 5


def start(_request: Request) -> None:
    """Run a worker for a single unit."""
    arguments = ["--worker", "--worker-task=0", "--loops=1", "--values=1", "--warmups=0"]
    subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)


def measure(request: Request) -> list[Answer]:
    """Run both arms and compare them."""
    min_time_s, processes = _plan((request.deadline_s - time.monotonic()) / 2, request.start_s)
    path = Path(request.folder) / "pyperf.json"
    arguments = [f"--processes={processes}", f"--min-time={min_time_s}", f"--inherit-environ={INHERITED}", "--quiet"]
    subprocess.run([*COMMAND, *arguments, "-o", os.fspath(path)], check=True, stdout=subprocess.DEVNULL)
    first, second = pyperf.BenchmarkSuite.load(os.fspath(path)).get_benchmarks()
    return [_compare(first, second)]


def _plan(arm_s: float, start_s: float) -> tuple[float, int]:
    """`--min-time` and the processes of one arm, besides the one that calibrates."""
    processes = 1
    min_time_s = MIN_TIMES_S[0]
    for min_time_s in MIN_TIMES_S:
        value_s = LENGTH * min_time_s
        left_s = arm_s - start_s - CALIBRATION_VALUES * value_s
        processes = max(1, int(left_s / (start_s + VALUES * value_s)))
        if processes >= ENOUGH:
            break
    return min_time_s, processes


def _compare(first: pyperf.Benchmark, second: pyperf.Benchmark) -> Answer:
    result = CompareResult(CompareData("first", first), CompareData("second", second))
    values = first.get_values(), second.get_values()
    error = math.sqrt(2 * pooled_sample_variance(*values) / len(values[0]))
    spread = tdist95conf_level(2 * len(values[0]) - 2) * error / first.mean()
    ratio = result.norm_mean
    return answer("pyperf", is_different=bool(result.significant), ratios=(ratio, ratio - spread, ratio + spread))
