"""Misses counted by this machine's own counters, where they exist, are allowed and really count."""

from collections.abc import Sequence

from profiler.base.death import ChildError
from profiler.measure.counting.ask import ask_child
from profiler.measure.counting.evidence import Source, SourceName
from profiler.measure.counting.job import CountedArm, CountedJob, Tried, WalkJob

PRODUCTS, LEAST_CALLS, MOST_CALLS = 2_000_000_000, 5, 5000
_WHAT = "hardware counters of this machine (perf events, user space only)"
_TELLS = "what the kernels that run here miss in the caches that are here, prefetchers included"
_CANNOT_TELL = (
    "what another board would; whether a miss cost time; and prefetched lines count as misses on some cores and not on "
    "others, so compare layouts and not machines"
)


class Counters:
    """The events that were seen to count."""

    name = SourceName.COUNTERS

    def __init__(self, tried: Sequence[Tried]) -> None:
        self._tried = tried
        self.events = tuple(event.event for event in tried if event.problem is None)

    @property
    def source(self) -> Source:
        """What reports say of this machine's counters; with a problem where no event counts."""
        lines = refusals(self._tried)
        if not self.events:
            return describe(problem="; ".join(lines) or "no event was tried")
        return describe(notes=(f"seen to count on a known walk: {', '.join(self.events)}", *lines))

    def count(self, arm: CountedArm) -> tuple[dict[str, float], str | None]:
        """Events over all calls of an arm; or none, and why."""
        try:
            findings = ask_child(CountedJob(arm=arm, events=self.events))
        except ChildError as error:
            return {}, f"it {error}"
        problem = findings.problem or ("; ".join(findings.notes) if not findings.counts else None)
        return findings.counts, problem


def try_counters() -> Counters:
    """Try every event in a child process of their own."""
    try:
        return Counters(ask_child(WalkJob()).tried)
    except ChildError as error:
        return Counters((Tried(event="all", count=None, problem=f"the trial {error}"),))


def describe(*, problem: str | None = None, notes: Sequence[str] = ()) -> Source:
    """What reports say of the hardware counters as a source; `problem` is why they count nothing, None if they do."""
    return Source(
        name=SourceName.COUNTERS,
        what=_WHAT,
        tells=_TELLS,
        cannot_tell=_CANNOT_TELL,
        problem=problem,
        notes=tuple(notes),
    )


def refusals(tried: Sequence[Tried]) -> list[str]:
    """Why events cannot be used: one line for each reason, with the events it is of."""
    found: dict[str, list[str]] = {}
    for event in tried:
        if event.problem is not None:
            found.setdefault(event.problem, []).append(event.event)
    if len(found) == 1 and len(next(iter(found.values()))) == len(tried):
        return list(found)
    return [f"{', '.join(names)}: {reason}" for reason, names in found.items()]
