"""What changed between two sessions, before and after: the records that every format shows."""

import enum

from profiler.base.record import Record
from profiler.judge.records import Estimate, Verdict
from profiler.judge.shifts import Doubt
from profiler.judge.warnings import Warning_
from profiler.models.layout import WeightLayout
from profiler.session.records import Case

CHANGES_SCHEMA = 2


class Movement(enum.StrEnum):
    """What became of a layout's time."""

    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    UNDECIDED = "undecided"


class SpeedupMovement(enum.StrEnum):
    """What became of a case's speedup."""

    HIGHER = "higher"
    LOWER = "lower"
    UNCHANGED = "unchanged"
    UNDECIDED = "undecided"


class VerdictChange(enum.StrEnum):
    """What became of a case's verdict; undecided where one of the two is."""

    SAME = "same"
    CHANGED = "changed"
    UNDECIDED = "undecided"


class LayoutChange(Record, frozen=True, kw_only=True):
    """One layout of a case: seconds per call before and after, and their ratio new / old with Welch's interval.

    `doubt` says why it is undecided, None if it is not.
    """

    old_s: float | None
    new_s: float | None
    time_ratio: Estimate | None
    movement: Movement
    doubt: Doubt | None


class CaseChange(Record, frozen=True, kw_only=True):
    """One case in both sessions.

    `speedup` is time(in_out) / time(out_in) as ever, `speedup_ratio` the new one over the old one. `noise_floor` is
    the larger one of both sessions as a fraction, 0.01 for 1 %.
    """

    label: str
    case: Case
    title: str
    batch: str
    passes: tuple[int, int]
    noise_floor: float | None
    layouts: dict[WeightLayout, LayoutChange]
    old_verdict: Verdict
    new_verdict: Verdict
    verdict_change: VerdictChange
    old_speedup: Estimate | None
    new_speedup: Estimate | None
    speedup_ratio: Estimate | None
    speedup_movement: SpeedupMovement


class Side(Record, frozen=True, kw_only=True):
    """One of the two sessions. `only_here` are the cases that the other one does not have."""

    machine: str
    created_utc: str
    tool_version: str
    suite: str
    only_here: tuple[str, ...]


class Changes(Record, frozen=True, kw_only=True):
    """Two sessions compared; what `compare --format json` prints.

    `drift` is the canary's time new / old, `drift_floor` the end of its interval that lies farther from 1, as a
    fraction: every change of a time is widened by it. Both are None where the canary is unknown. `other_machine` says
    what shows that the machines differ, empty where they may be the same.
    """

    schema_version: int
    tool_version: str
    margin: float
    confidence_level: float
    old: Side
    new: Side
    other_machine: tuple[str, ...]
    drift: Estimate | None
    drift_floor: float | None
    cases: tuple[CaseChange, ...]
    cautions: tuple[Warning_, ...]
