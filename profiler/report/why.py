"""Why a case came out as it did, as far as what was executed tells: a sentence for each row."""

from models.layout import WeightLayout
from profiler.records import Executed, ExecutedLayout, Record
from profiler.report.cells import UNKNOWN, format_arm
from profiler.report.summary import Row


class Truth(Record, frozen=True, kw_only=True):
    """What one layout stores and executes, and how that is known."""

    layout: str
    path: str
    operator: str
    known_by: str
    rewritten: str
    extra_copies: str


def why(row: Row) -> str:
    """One plain sentence."""
    executed = [arm.executed.layout for layout in WeightLayout if (arm := row.arms[layout]).executed is not None]
    if len(executed) < len(WeightLayout) or ExecutedLayout.UNKNOWN in executed:
        return "What the runtime made of the stored weights is not known."
    first, second = executed
    if first is second is ExecutedLayout.PACKED:
        return "The runtime copies either layout into an order of its own at load; the kernel reads the same bytes."
    if first is second:
        return "The runtime executes both files in the same layout, so that what is stored matters at load alone."
    if ExecutedLayout.PACKED in executed:
        return "The runtime copies one of the two layouts into an order of its own, and reads the other as stored."
    return "The kernel reads each layout as it is stored."


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
