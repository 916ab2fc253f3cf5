"""The program of the child that loads one file and calls it while something counts: a job in, findings out."""

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from profiler.base.errors import ProfilerError
from profiler.base.inside import answer_once, release_memory
from profiler.measure.counting.job import CountedArm, CountedJob, CountFindings, Job, SimulatedJob


def main() -> None:
    """Read the job, do it, print the findings, and end at once: under valgrind, Python takes long to tidy up."""
    answer_once(msgspec.json.Decoder(Job), _do)
    sys.stderr.flush()
    os._exit(0)


def _do(job: Job) -> CountFindings:
    try:
        if isinstance(job, SimulatedJob):
            return simulate(load_call(job.arm), job)
        if isinstance(job, CountedJob):
            return count(load_call(job.arm), job)
    except ProfilerError as error:
        return CountFindings(problem=str(error))
    from profiler.measure.counting.trial import try_events

    return CountFindings(tried=try_events())


def load_call(arm: CountedArm) -> Callable[[], object]:
    """Prove the file, load it in its runtime as `run` does, and bind the input of its reference.

    Raises:
        ArtifactError: it does not hold what its manifest claims.
        RefusalError: the runtime does not accept it.
        MissingPackageError: the runtime is not installed.
    """
    from profiler.artifacts.proof import check_entry, prove
    from profiler.artifacts.references import load_reference
    from profiler.runtimes import runtime_info

    path = Path(arm.path)
    runtime = runtime_info(arm.runtime).create()
    check_entry(arm.artifact, prove(path, arm.artifact.format), arm.workload, where=arm.path)
    x = load_reference(Path(arm.reference_path))[0]
    call = runtime.load(path, arm.workload, threads=1).bind(x)
    release_memory()
    gc.disable()  # a collection in the middle would be counted with the calls
    return call


def simulate(call: Callable[[], object], job: SimulatedJob) -> CountFindings:
    """One warm call, then the calls that the dump is about. All else runs without instrumentation."""
    requests = ctypes.CDLL(job.library)
    if not requests.under_valgrind():
        return CountFindings(problem="it was not started under valgrind")
    requests.start_counting()
    call()
    requests.zero_counts()
    for _ in range(job.arm.calls):
        call()
    requests.dump_counts()
    requests.stop_counting()
    return CountFindings()


def count(call: Callable[[], object], job: CountedJob) -> CountFindings:
    """Make all calls once for every event: several events at once would share the few counters a core has."""
    from profiler.measure.counting.events import EVENTS
    from profiler.measure.counting.perf import LinuxPerf, count_event

    perf = LinuxPerf()
    calls = range(job.arm.calls)
    counts: dict[str, float] = {}
    notes: list[str] = []

    def repeat() -> None:
        for _ in calls:
            call()

    call()
    for event in EVENTS:
        if event.name not in job.events:
            continue
        reading = count_event(perf, event, repeat)
        if reading.problem is not None:
            notes.append(f"{event.name}: {reading.problem}")
        else:
            counts[event.name] = reading.count
    return CountFindings(counts=counts, notes=tuple(notes))
