"""The program of the child that measures one core type: a job in, findings out."""

import contextlib
import os
from collections.abc import Callable
from typing import TypeVar

import msgspec

from profiler.base.inside import answer_once
from profiler.base.privacy import hide_paths
from profiler.machine.limits.bandwidth import SLACK_BYTES, measure_bandwidths
from profiler.machine.limits.buffer import make_buffer
from profiler.machine.limits.chase import LINE_BYTES, compile_chase, measure_latencies
from profiler.machine.limits.job import LimitFindings, LimitsJob
from profiler.machine.limits.knees import bandwidth_knees, latency_knees
from profiler.machine.limits.peak import compile_polynomial, measure_peak
from profiler.machine.limits.plan import BANDWIDTH_SHARE, CHASE_SHARE, PEAK_SHARE, Budget
from profiler.machine.limits.problems import FAILED
from profiler.machine.limits.records import CoreLimits, LatencyPoint
from profiler.machine.limits.steadiness import measure_steadiness
from profiler.machine.limits.timer import measure_timer

MIB = 1 << 20
T = TypeVar("T")


def main() -> None:
    """Read the job, measure, print the findings."""
    answer_once(msgspec.json.Decoder(LimitsJob), measure_core)


def measure_core(job: LimitsJob) -> LimitFindings:
    """Measure what the job asks for. What fails is left out and said in `problems`."""
    problems: list[str] = []
    cpu = _pin(job.cpu, problems)
    canary = measure_steadiness()  # first of all: it also brings the clock of the CPU up
    timer = measure_timer()
    chase = _attempt("compiling the pointer chase", compile_chase, problems) if job.use_numba else None
    polynomial = _attempt("compiling the polynomial", compile_polynomial, problems) if chase else None
    buffer = make_buffer(job.buffer_bytes + SLACK_BYTES)
    latencies: tuple[LatencyPoint, ...] = ()
    if chase is not None:
        budget = Budget(job.budget_s * CHASE_SHARE)
        latencies = measure_latencies(
            chase, buffer[: job.buffer_bytes], budget, page_bytes=job.page_bytes, line_bytes=LINE_BYTES
        )
        _tell_left_out("latency", budget, problems)
        buffer.fill(0)
    budget = Budget(job.budget_s * (BANDWIDTH_SHARE if latencies else BANDWIDTH_SHARE + CHASE_SHARE))
    bandwidths = measure_bandwidths(buffer, budget)
    _tell_left_out("bandwidth", budget, problems)
    peak = _attempt(
        "measuring the peak rate", lambda: measure_peak(job.budget_s * PEAK_SHARE, polynomial=polynomial), problems
    )
    core = CoreLimits(
        core=job.core,
        cpu=cpu,
        method="pointer chase" if latencies else "read bandwidth",
        latencies=latencies,
        bandwidths=bandwidths,
        knees=latency_knees(latencies) if latencies else bandwidth_knees(bandwidths),
        peaks=() if peak is None else (peak,),
    )
    return LimitFindings(core=core, timer=timer, canary=canary, problems=tuple(problems))


def _pin(cpu: int | None, problems: list[str]) -> int | None:
    """Stay on that CPU. Returns the CPU, None where that is refused or not offered."""
    if cpu is None:
        return None
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {cpu})
            return cpu
    problems.append(f"cannot be kept on CPU {cpu}: measured unpinned")
    return None


def _attempt(what: str, act: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - a compiler can fail in any way, and the rest goes on without it
        first = hide_paths(str(error).strip().partition("\n")[0])[:200]
        problems.append(f"{what} {FAILED} {type(error).__name__}: {first}")
        return None


def _tell_left_out(what: str, budget: Budget, problems: list[str]) -> None:
    if budget.left_out:
        problems.append(f"{what} from {budget.left_out[0] / MIB:.3g} MiB up was left out: no time was left for it")
