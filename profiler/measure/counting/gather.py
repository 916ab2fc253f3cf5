"""Asks both sources about cases, layout by layout, and puts into words what they say."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from profiler import __version__
from profiler.artifacts.bundle import Bundle
from profiler.measure.counting import counters, simulation
from profiler.measure.counting.events import D1_EVENTS, LL_EVENTS
from profiler.measure.counting.evidence import (
    EXPLANATION_SCHEMA,
    Counted,
    CountFinding,
    Explanation,
    Source,
    SourceName,
)
from profiler.measure.counting.job import CountedArm
from profiler.measure.counting.select import choose_calls, weight_lines
from profiler.measure.counting.words import explain_pair
from profiler.measure.plan import PlannedCase
from profiler.models.layout import WeightLayout

_CALLS = {
    SourceName.SIMULATION: (simulation.PRODUCTS, simulation.LEAST_CALLS, simulation.MOST_CALLS),
    SourceName.COUNTERS: (counters.PRODUCTS, counters.LEAST_CALLS, counters.MOST_CALLS),
}
_D1 = {SourceName.SIMULATION: (simulation.D1_READ_MISSES,), SourceName.COUNTERS: D1_EVENTS}
_LL = {SourceName.SIMULATION: (simulation.LL_READ_MISSES,), SourceName.COUNTERS: LL_EVENTS}


class Counter(Protocol):
    """A source that can count."""

    @property
    def name(self) -> SourceName:
        """Which of the sources it is."""
        ...

    @property
    def source(self) -> Source:
        """What reports say of the source: what it is and what it can tell."""
        ...

    def count(self, arm: CountedArm) -> tuple[dict[str, float], str | None]:
        """Events over all calls of an arm; or none, and why."""
        ...


def count_case(
    bundle: Bundle,
    planned: PlannedCase,
    counter: Counter,
    *,
    line_bytes: int,
    calls: int | None,
    on_arm: Callable[[str], None],
) -> list[Counted]:
    """Both layouts of a case by one source; a death or a refusal is a record too."""
    products, least, most = _CALLS[counter.name]
    times = calls or choose_calls(planned, products=products, least=least, most=most)
    found = []
    for layout in WeightLayout:
        artifact = planned.artifacts[layout]
        arm = CountedArm(
            runtime=planned.case.runtime,
            path=str(Path(bundle.path_of(artifact)).resolve()),
            artifact=artifact,
            workload=planned.workload,
            reference_path=str(Path(bundle.path_of(planned.reference)).resolve()),
            calls=times,
        )
        on_arm(f"{planned.case.id}, {layout}, {counter.name}, {times} calls")
        totals, problem = counter.count(arm)
        found.append(_counted(planned, layout, counter, totals, problem, times=times, line_bytes=line_bytes))
    return found


def explain_cases(
    bundle: Bundle,
    cases: Sequence[PlannedCase],
    counting: Sequence[Counter],
    sources: Sequence[Source],
    *,
    machine_line_bytes: int,
    calls: int | None = None,
    on_arm: Callable[[str], None] = lambda _: None,
) -> Explanation:
    """Every case by every source that can count. The bundle's files are verified first.

    Raises:
        BundleError: a file is not what the manifest describes.
    """
    for case in cases:
        files = (entry for artifact in case.artifacts.values() for entry in artifact.files)
        bundle.verify((*files, case.reference))
    counted: list[Counted] = []
    findings: list[CountFinding] = []
    for planned in cases:
        for counter in counting:
            geometry = counter.source.geometry
            arms = count_case(
                bundle,
                planned,
                counter,
                line_bytes=geometry.data.line_bytes if geometry else machine_line_bytes,
                calls=calls,
                on_arm=on_arm,
            )
            counted += arms
            findings.append(explain_pair({arm.layout: arm for arm in arms}, geometry))
    return Explanation(
        schema_version=EXPLANATION_SCHEMA,
        tool_version=__version__,
        sources=tuple(sources),
        counted=tuple(counted),
        findings=tuple(findings),
    )


def _counted(
    planned: PlannedCase,
    layout: WeightLayout,
    counter: Counter,
    totals: dict[str, float],
    problem: str | None,
    *,
    times: int,
    line_bytes: int,
) -> Counted:
    events = {name: total / times for name, total in totals.items()}
    lines = weight_lines(planned, line_bytes)
    geometry = counter.source.geometry
    has_last_level = geometry is None or geometry.last is not None
    misses = _first_of(events, _D1[counter.name])
    return Counted(
        source=counter.name,
        case=planned.case.id,
        runtime=planned.case.runtime,
        form=planned.case.form,
        workload=planned.workload.key,
        name=planned.workload.label,
        batch_shape=planned.case.batch_shape,
        layout=layout,
        dtype=planned.case.dtype,
        weight_count=planned.workload.weight_count,
        line_bytes=line_bytes,
        weight_lines=lines,
        calls=0 if problem else times,
        d1_read_misses=misses,
        ll_read_misses=_first_of(events, _LL[counter.name]) if has_last_level else None,
        misses_per_line=None if misses is None else misses / lines,
        events=events,
        problem=problem,
    )


def _first_of(events: dict[str, float], names: Iterable[str]) -> float | None:
    return next((events[name] for name in names if name in events), None)
