"""benchmatrix: `collect-paired` and its comparison.

A pair is two pytest processes, alternately baseline first and candidate first; each reports the mean of its rounds as
pytest-benchmark times them. The interval is a stratified BCa bootstrap of the ratio of the medians over processes.
"regressed" and "improved" need the whole interval beyond a threshold, 5 % by default. The design needs an even number
of pairs and at least five, so that it starts twelve processes or more.
"""

import math
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmatrix import BenchmarkComparison, RegressionPolicy, collect_paired_benchmark_runs

from scripts.evidence.side_by_side.pairs import Request
from scripts.evidence.side_by_side.results import Answer, NotDrivenError, answer

TEST_FILE = Path(__file__).with_name("benchmatrix_unit.py")
ARM_VARIABLE = "SIDE_BY_SIDE_ARM"
MIN_PAIRS = 6
MAX_TIME_S = 1.0  # pytest-benchmark's own per benchmark; what is left beyond it goes into more pairs
MIN_TIME_S = 0.02
COMPARE_S = 0.5  # 50000 resamples in Python, and the end of the process
THRESHOLDS_PERCENT = (5.0, 3.0, 0.0)


def start(request: Request) -> None:
    """Run pytest for the fewest rounds."""
    arguments = [f"--benchmark-json={request.folder}/start.json"]
    subprocess.run([*_command("first", 0.001, request), *arguments], check=True, stdout=subprocess.DEVNULL)


def measure(request: Request) -> list[Answer]:
    """Collect the pairs and compare them by each threshold."""
    pairs, max_time_s = _plan(request.deadline_s - time.monotonic() - COMPARE_S, request.start_s)
    first, second = (_command(arm, max_time_s, request) for arm in ("first", "second"))
    folder = Path(request.folder) / "pairs"
    group = collect_paired_benchmark_runs(first, second, folder, pair_count=pairs, random_seed=request.seed)
    if not group.is_complete:
        raise NotDrivenError(next((record.error for record in group.records if record.error), "a pair is incomplete"))
    answers = []
    for threshold in THRESHOLDS_PERCENT:
        (cell,) = group.compare(regression_policy=RegressionPolicy(default_threshold_percent=threshold)).matched
        answers.append(_answer(cell, threshold))
    return answers


def _plan(left_s: float, start_s: float) -> tuple[int, float]:
    """How many pairs, and how long each process measures."""
    pairs = max(MIN_PAIRS, 2 * int(left_s / (4 * (start_s + MAX_TIME_S))))
    max_time_s = left_s / (2 * pairs) - start_s
    if max_time_s < MIN_TIME_S:
        raise NotDrivenError(f"{2 * pairs} starts of pytest, {start_s:.1f} s each, do not fit into the budget")
    return pairs, max_time_s


def _command(arm: str, max_time_s: float, request: Request) -> list[str]:
    """Pytest on the one benchmark, without any project's settings."""
    settings = Path(request.folder) / "empty.ini"
    settings.touch()
    options = [
        "-c", os.fspath(settings), "--rootdir", request.folder, "-p", "no:cacheprovider", "-q", "--benchmark-only",
        f"--benchmark-max-time={max_time_s:.4f}",
    ]  # fmt: skip
    return ["env", f"{ARM_VARIABLE}={arm}", sys.executable, "-m", "pytest", *options, os.fspath(TEST_FILE)]


def _answer(cell: BenchmarkComparison, threshold: float) -> Answer:
    rule = f"benchmatrix paired, threshold {threshold:g} %" if threshold else "benchmatrix paired, interval only"
    is_different = cell.regression in {"regressed", "improved"}
    found = cell.inference
    if found is None or found.estimate_percent is None:
        return Answer(rule=rule, is_different=is_different, point=None, low=None, high=None)
    # Its per cents are improvements: 5 means that the candidate takes 5 % less time.
    ends = (found.estimate_percent, found.confidence_high_percent, found.confidence_low_percent)
    point, low, high = (1 - (math.nan if percent is None else percent) / 100 for percent in ends)
    return answer(rule, is_different=is_different, ratios=(point, low, high))
