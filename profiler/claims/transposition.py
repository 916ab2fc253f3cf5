"""Claim 7: the transposition is free, and where it is not."""

from collections.abc import Sequence

from profiler.base.record import Record
from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.claims.locality import side_of, square
from profiler.claims.rules import passes_text
from profiler.judge.records import Row, Verdict
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload
from profiler.report.appendix_records import Figure, Finding, Outcome, Text, Unit

RUNTIME = "eager-view"
SIDES = (16, 256, 1024)
LIMIT_S = 900.0
BUDGET_S = 30.0


class TransposedView(Record, frozen=True, kw_only=True):
    """What `.T` of a matrix of `matrix_bytes` does, and what becomes of the transposition elsewhere.

    `copies` names where a copy in the other order is made after all.
    """

    matrix_bytes: int
    shares_storage: bool
    view_bytes: int
    contiguous_bytes: int
    copies: tuple[str, ...]


def examine(lab: Laboratory) -> Finding:
    """Look at storage and allocations, and time calls that make the view against calls that find it made."""
    view = lab.ask("profiler.claims.trials.transposition:look", TransposedView, limit_s=LIMIT_S, folder=str(lab.folder))
    comparisons = lab.measure("view", layers(), [RUNTIME], budget_s=BUDGET_S).comparisons
    return Finding(
        done=f".T of a matrix: storage and allocations; x @ W.T with the view made at every call against once, batch "
        f"1, squares of {', '.join(map(str, SIDES))}; {passes_text(comparisons)}",
        outcome=judge(view, comparisons),
        reason=explain(view, comparisons),
        figures=(
            Figure(name="allocated by .T", value=view.view_bytes, unit=Unit.BYTES),
            Figure(name="allocated by .T.contiguous()", value=view.contiguous_bytes, unit=Unit.BYTES),
            *(figure for found in comparisons for figure in cost_figures(found)),
        ),
    )


def layers() -> list[Workload]:
    """Square layers in rising size, on which a view is timed."""
    return [square(side, 1) for side in SIDES]


def cost_figures(comparison: Row) -> tuple[Figure, ...]:
    """The seconds that a view adds to a call, from the ratio of the calls."""
    speedup, once = comparison.speedup, comparison.arms[WeightLayout.IN_OUT].time_s
    if speedup is None or once is None:
        return ()
    side = side_of(comparison)
    low, value, high = (once * (1 / ratio - 1) for ratio in (speedup.high, speedup.point, speedup.low))
    name = f".T adds to a call of {side}x{side}"
    return (Figure(name=name, value=value, low=low, high=high, unit=Unit.SECONDS),)


def judge(view: TransposedView, comparisons: Sequence[Row]) -> Outcome:
    """The transposition is free if nothing is allocated and the largest matrix costs nothing worth acting on."""
    if not view.shares_storage or view.view_bytes:
        return Outcome.DOES_NOT_HOLD
    if not comparisons:
        return Outcome.UNDECIDED
    verdict = max(comparisons, key=side_of).verdict
    if verdict is Verdict.UNDECIDED:
        return Outcome.UNDECIDED
    return Outcome.DOES_NOT_HOLD if verdict is Verdict.COSTS else Outcome.HOLDS


def explain(view: TransposedView, comparisons: Sequence[Row]) -> str:
    """What memory is shared, and where the transposition is not free."""
    free = "the view shares the storage and allocates nothing" if view.shares_storage else "the view copies"
    calls = ", ".join(f"{side_of(found)}x{side_of(found)} {found.verdict}" for found in comparisons) or "not measured"
    return f"{free}; calls that make it: {calls}; not free: {', '.join(view.copies) or 'nowhere seen'}"


CLAIM = Claim(
    number=7,
    text=Text.BLOG,
    quote='behind the scenes the matrix transpose operation is "free" (there\'s no actual transposition involved)',
    done="what .T allocates and adds to a call, and what copies after all",
    examine=examine,
)
