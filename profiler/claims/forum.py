"""Claim 1: the forum answer's own script, and this project's protocol on the same product in the same run."""

import math
import os

from profiler.base.errors import MemoryNeedError
from profiler.claims.claim import Claim
from profiler.claims.forum_records import PUBLISHED_CPU, PUBLISHED_CUDA, DeviceTimes, ForumSetup, ForumTimes
from profiler.claims.lab import Laboratory
from profiler.claims.rules import judge_within, speedup_figure
from profiler.judge.records import Row, Verdict
from profiler.machine.memory import available_bytes
from profiler.models.layout import LinearShape
from profiler.models.workload import linear_workload
from profiler.report.appendix_records import Figure, Finding, Outcome, Scale, Text, Unit

SETUPS = {
    Scale.SMALL: ForumSetup(b=100, m=2000, n=2000, warm=10, stat=10, time=10),
    Scale.FULL: ForumSetup(b=100, m=10_000, n=10_000, warm=100, stat=10, time=100),
}
LIMITS_S = {Scale.SMALL: 600.0, Scale.FULL: 12 * 3600.0}
BUDGET_S = 45.0
STANDARD_ERRORS = 2
PROCESS_BYTES = 300_000_000  # torch, started
OWN_COPIES = 10  # of one matrix, while our protocol exports it and loads four arms
FACTOR = 2.0
RUNTIME = "eager"


def examine(lab: Laboratory) -> Finding:
    """Run the script, then our protocol.

    Raises:
        MemoryNeedError: there is too little memory for either.
    """
    setup = SETUPS[lab.scale]
    refuse_small_memory(setup, available_bytes=available_bytes())
    times = lab.ask(
        "profiler.claims.trials.forum:run_script", ForumTimes, limit_s=LIMITS_S[lab.scale], apart=True, setup=setup
    )
    shape = LinearShape(in_features=setup.m, out_features=setup.n, bias=False)
    workload = linear_workload(shape, batch_shapes=((setup.b,),))
    (ours,) = lab.measure("forum", [workload], [RUNTIME], budget_s=BUDGET_S, threads=usable_cpus()).comparisons
    return Finding(
        done=(
            f"the script with b={setup.b}, m=n={setup.n}, nWarm={setup.warm}, nStat={setup.stat}, nTime={setup.time}, "
            f"{times.threads} threads, torch {times.torch_version}; then {ours.passes} passes of our protocol"
        ),
        outcome=judge(ours),
        reason=explain(ours, times),
        figures=(
            *device_figures("script, cpu", times.cpu),
            *(device_figures(f"script, {times.cuda.device}", times.cuda) if times.cuda else ()),
            *our_figures(ours, setup),
            *device_figures("published, cpu", PUBLISHED_CPU),
            *device_figures("published, cuda", PUBLISHED_CUDA),
        ),
    )


def needed_bytes(setup: ForumSetup) -> int:
    """An upper estimate of the memory that the script and our protocol take, one after the other."""
    return PROCESS_BYTES + max(setup.script_bytes, OWN_COPIES * setup.matrix_bytes)


def refuse_small_memory(setup: ForumSetup, *, available_bytes: int) -> None:
    """Raises MemoryNeedError, before anything is allocated, if there is too little."""
    needed = needed_bytes(setup)
    if needed > available_bytes:
        raise MemoryNeedError(
            f"two matrices of {setup.m}x{setup.n} need about {needed / 2**30:.1f} GiB of memory with all copies and "
            f"{available_bytes / 2**30:.1f} GiB are available; use --scale small or a larger machine"
        )


def usable_cpus() -> int:
    """The number of CPUs that this process may use: as many threads as torch takes by itself."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judge(ours: Row) -> Outcome:
    """The text sees transposed storage ahead; our verdict says whether it is."""
    if ours.verdict is Verdict.UNDECIDED:
        return Outcome.UNDECIDED
    return Outcome.HOLDS if ours.verdict is Verdict.PAYS_OFF else Outcome.DOES_NOT_HOLD


def explain(ours: Row, times: ForumTimes) -> str:
    """The verdict, whether it is "something like a factor of two", and what became of CUDA."""
    far = {
        Outcome.HOLDS: "no factor of two",
        Outcome.DOES_NOT_HOLD: "a factor of two",
        Outcome.UNDECIDED: "a factor of two is not ruled out",
    }[judge_within([ours], FACTOR)]
    cuda = "the script ran on CUDA too, our protocol is for the CPU" if times.cuda else "no CUDA device here"
    return f"our verdict is {ours.verdict} ({ours.reason}); {far}; {cuda}"


def device_figures(name: str, times: DeviceTimes) -> tuple[Figure, ...]:
    """Both means and their ratio, each with an interval of two standard errors, as a reader would take them."""
    spread = STANDARD_ERRORS * times.log_error
    return (
        _seconds(f"{name}: a @ mr", times.in_out_mean_s, times.in_out_error_s),
        _seconds(f"{name}: a @ ml.T", times.out_in_mean_s, times.out_in_error_s),
        Figure(
            name=f"{name}: speedup",
            value=times.speedup,
            low=times.speedup * math.exp(-spread),
            high=times.speedup * math.exp(spread),
        ),
    )


def our_figures(ours: Row, setup: ForumSetup) -> tuple[Figure, ...]:
    """Our times for as many products as the script's figures are of, and our speedup."""
    times = tuple(
        Figure(name=f"ours: {layout.axes}", value=arm.time_s * setup.time, unit=Unit.SECONDS)
        for layout, arm in ours.arms.items()
        if arm.time_s is not None
    )
    speedup = speedup_figure(ours, name="ours: speedup")
    return (*times, *([speedup] if speedup else []))


def _seconds(name: str, mean: float, error: float) -> Figure:
    spread = STANDARD_ERRORS * error
    return Figure(name=name, value=mean, low=mean - spread, high=mean + spread, unit=Unit.SECONDS)


CLAIM = Claim(
    number=1,
    text=Text.FORUM,
    quote="matrix-matrix-transpose multiplication outperforms matrix-matrix multiplication on both the cpu and gpu by "
    "a little bit",
    done="the script of the text, and our protocol on the same product",
    examine=examine,
)
