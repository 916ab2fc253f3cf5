"""What the parent tells a child process that counts misses, and what it hears back."""

from typing import Literal

import msgspec

from profiler.artifacts.records import Artifact
from profiler.base.record import Record
from profiler.models.workload import Workload


class CountedArm(Record, frozen=True, kw_only=True):
    """One file to load and call, `calls` times after a warm one."""

    runtime: str
    path: str
    artifact: Artifact
    workload: Workload
    reference_path: str
    calls: int


class SimulatedJob(Record, frozen=True, kw_only=True, tag="simulated"):
    """Call an arm under callgrind; `library` is the shared object with the client requests."""

    arm: CountedArm
    library: str


class CountedJob(Record, frozen=True, kw_only=True, tag="counted"):
    """Call an arm once more for each of these hardware events, and count them one after another."""

    arm: CountedArm
    events: tuple[str, ...]


class WalkJob(Record, frozen=True, kw_only=True, tag="walk"):
    """Open every hardware event that this machine may have, and see on a known walk whether it counts."""


Job = SimulatedJob | CountedJob | WalkJob


class Tried(Record, frozen=True, kw_only=True):
    """A hardware event on the known walk: what it counted, or why it cannot be used."""

    event: str
    count: float | None
    problem: str | None


class CountFindings(Record, frozen=True, kw_only=True):
    """What a child did: events over all calls, or tried events, or why it did nothing."""

    kind: Literal["findings"] = "findings"
    counts: dict[str, float] = msgspec.field(default_factory=dict)
    tried: tuple[Tried, ...] = ()
    problem: str | None = None
    notes: tuple[str, ...] = ()
