"""Measures every core type of this machine, each in a child that is pinned to one CPU of it."""

import os
import time
from collections.abc import Callable, Sequence

from profiler import __version__
from profiler.base.death import ChildError
from profiler.base.privacy import hide_paths
from profiler.machine.conditions import utc_now
from profiler.machine.limits.ask import ask_child
from profiler.machine.limits.job import LimitFindings, LimitsJob
from profiler.machine.limits.plan import NUMBA_BYTES, core_budget, largest_buffer
from profiler.machine.limits.problems import NOT_MEASURED, NUMBA_DIED
from profiler.machine.limits.records import MachineLimits
from profiler.machine.memory import available_bytes
from profiler.machine.records import CoreType

Target = tuple[str | None, int | None]
DEFAULT_PAGE_BYTES = 4096
MIB = 1 << 20


def measure_machine(
    core_types: Sequence[CoreType],
    *,
    use_numba: bool,
    cpus: Sequence[int] | None = None,
    on_stage: Callable[[str], None],
) -> MachineLimits:
    """What this machine can do at best. Whatever cannot be measured is said in `problems`.

    Args:
        core_types: each is measured on its own; if none is known, whichever CPU the scheduler gives is.
        use_numba: measure latency too, by a compiled pointer chase, if memory allows. Without it the measurement is
            short and light.
        cpus: the CPUs that may be used, None for all that this process may use.
        on_stage: is told in a few words what is measured next.
    """
    start_s = time.monotonic()
    problems: list[str] = []
    found: list[LimitFindings] = []
    targets = choose_targets(core_types, cpus, problems)
    available = available_bytes()
    if use_numba and available < NUMBA_BYTES:
        use_numba = False
        problems.append(
            f"numba left out: {available // MIB} MiB of memory are available, it needs {NUMBA_BYTES // MIB}"
        )
    for core, cpu in targets:
        name = target_name(core, cpu)
        job = LimitsJob(
            core=core,
            cpu=cpu,
            use_numba=use_numba,
            buffer_bytes=largest_buffer(available_bytes(), use_numba=use_numba),
            budget_s=core_budget(len(targets), use_numba=use_numba),
            page_bytes=_page_bytes(),
        )
        on_stage(f"measuring what {name} can do")
        findings = _measure_target(job, name, problems, on_stage)
        if findings is not None:
            found.append(findings)
            problems += [f"{name}: {problem}" for problem in findings.problems]
    fastest = min(found, key=lambda findings: findings.canary.best_s, default=None)
    return MachineLimits(
        utc=utc_now(),
        tool_version=__version__,
        duration_s=time.monotonic() - start_s,
        cores=tuple(findings.core for findings in found),
        timer=fastest.timer if fastest else None,
        canary=fastest.canary if fastest else None,
        problems=tuple(map(hide_paths, problems)),
    )


def choose_targets(
    core_types: Sequence[CoreType], cpus: Sequence[int] | None = None, problems: list[str] | None = None
) -> tuple[Target, ...]:
    """For each core type its name and the last of its CPUs that may be used; (None, None) if no type is known."""
    if not core_types:
        return ((None, None),)
    allowed = _allowed_cpus()
    targets: list[Target] = []
    for kind in core_types:
        usable = [
            cpu for cpu in kind.cpus if (allowed is None or cpu in allowed) and (cpus is None or cpu in set(cpus))
        ]
        if usable:
            targets.append((kind.name, max(usable)))
        elif problems is not None:
            problems.append(f"{target_name(kind.name, None)} was not measured: none of its CPUs may be used")
    return tuple(targets)


def target_name(core: str | None, cpu: int | None) -> str:
    """A core type and CPU in words."""
    return f"{core or 'the CPU'} (CPU {cpu})" if cpu is not None else core or "the CPU"


def _measure_target(
    job: LimitsJob, name: str, problems: list[str], on_stage: Callable[[str], None]
) -> LimitFindings | None:
    """Ask a child, and once more without numba if the one with it died."""
    try:
        return ask_child(job)
    except ChildError as error:
        if not job.use_numba:
            problems.append(f"{name} {NOT_MEASURED} {error}")
            return None
        problems.append(f"{name}: {NUMBA_DIED} {error}: measured without it")
        on_stage(f"measuring what {name} can do, without numba")
    light = largest_buffer(available_bytes(), use_numba=False)
    without = LimitsJob(
        core=job.core,
        cpu=job.cpu,
        use_numba=False,
        buffer_bytes=light,
        budget_s=job.budget_s / 2,
        page_bytes=job.page_bytes,
    )
    return _measure_target(without, name, problems, on_stage)


def _allowed_cpus() -> set[int] | None:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _page_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else DEFAULT_PAGE_BYTES
