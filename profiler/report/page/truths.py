"""What a case stores and executes in both layouts, in words."""

from profiler.base.record import Record
from profiler.judge.records import Row
from profiler.models.layout import WeightLayout
from profiler.report.cells import UNKNOWN, format_arm
from profiler.session.records import Executed


class Truth(Record, frozen=True, kw_only=True):
    """What one layout stores and executes, and how that is known."""

    layout: str
    path: str
    operator: str
    known_by: str
    rewritten: str
    extra_copies: str


def truths(row: Row) -> tuple[Truth, ...]:
    """What is known of both layouts of a row."""
    return tuple(_truth(row, layout) for layout in WeightLayout)


def _truth(row: Row, layout: WeightLayout) -> Truth:
    arm = row.arms[layout]
    executed: Executed | None = arm.executed
    copies = executed.extra_copies if executed else None
    return Truth(
        layout=layout.axes,
        path=format_arm(arm, layout),
        operator=executed.operator if executed else UNKNOWN,
        known_by=executed.known_by if executed else UNKNOWN,
        rewritten=(executed.rewritten or "nothing") if executed else UNKNOWN,
        extra_copies=UNKNOWN if copies is None else str(copies),
    )
