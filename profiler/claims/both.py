"""Claim 6: storing a matrix and its transpose, and picking the faster one for each batch size."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.claims.locality import measure_kernels, side_of
from profiler.judge.records import Row, Verdict
from profiler.judge.statistics import log
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.report.appendix_records import Figure, Finding, Outcome, Text, Unit

ITEM_BYTES = NumberFormat.FLOAT32.stored_bytes(1)


@dataclasses.dataclass(frozen=True)
class LayoutChoice:
    """One layer in one runtime at several batch sizes.

    `gain` is how many times as fast the batches run together, each called as long, if each takes its own best layout
    instead of the one that is best for all; only differences that are beyond doubt count. `most` is the same with every
    difference that was seen, doubtful ones too: no more than that can be gained.
    """

    runtime: str
    workload: str
    verdicts: tuple[Verdict, ...]
    gain: float
    most: float
    extra_bytes: int

    @property
    def is_split(self) -> bool:
        """Whether one batch surely wants one layout and another surely the other."""
        return Verdict.PAYS_OFF in self.verdicts and Verdict.COSTS in self.verdicts


def examine(lab: Laboratory) -> Finding:
    """Hold each layer's best single layout against its best one for each batch, in the cases that claim 3 measures."""
    choices = list(choices_of(measure_kernels(lab).comparisons))
    split = [choice for choice in choices if choice.is_split]
    best = max(choices, key=lambda choice: (choice.gain, choice.most), default=None)
    return Finding(
        done="from the cases of claim 3: each layer's batches in one layout, against each in its own best",
        outcome=judge(choices),
        reason=explain(split, best),
        figures=(
            Figure(name="layers that want both", value=len(split), unit=Unit.COUNT, of=len(choices)),
            *(
                (
                    Figure(name="surely gained (time with one layout / time with both)", value=best.gain),
                    Figure(name="gained at most, if every difference seen is real", value=best.most),
                    Figure(name="weights to store besides", value=best.extra_bytes, unit=Unit.BYTES),
                )
                if best
                else ()
            ),
        ),
    )


def choices_of(comparisons: Iterable[Row]) -> Iterable[LayoutChoice]:
    """A choice per runtime and layer."""

    def key(found: Row) -> tuple[str, str]:
        return found.case.runtime, found.case.workload

    for (runtime, workload), group in itertools.groupby(sorted(comparisons, key=key), key=key):
        cases = list(group)
        yield LayoutChoice(
            runtime=runtime,
            workload=workload,
            verdicts=tuple(found.verdict for found in cases),
            gain=gain_of_both(cases),
            most=gain_of_both(cases, only_sure=False),
            extra_bytes=ITEM_BYTES * side_of(cases[0]) ** 2,
        )


def gain_of_both(comparisons: Sequence[Row], *, only_sure: bool = True) -> float:
    """Geometric mean over the batches of time(best single layout) / time(best layout of each batch); 1 at least."""
    effects = [
        log(found.speedup.point)
        if found.speedup and (not only_sure or found.verdict in {Verdict.PAYS_OFF, Verdict.COSTS})
        else 0.0
        for found in comparisons
    ]
    if not effects:
        return 1.0
    lost = {  # log time lost by keeping to one layout
        WeightLayout.OUT_IN: sum(max(0.0, -effect) for effect in effects),
        WeightLayout.IN_OUT: sum(max(0.0, effect) for effect in effects),
    }
    return math.exp(min(lost.values()) / len(effects))


def judge(choices: Sequence[LayoutChoice]) -> Outcome:
    """Both layouts pay if one layer surely wants both, and do not if every batch is decided and no layer is split."""
    if any(choice.is_split for choice in choices):
        return Outcome.HOLDS
    if not choices or any(Verdict.UNDECIDED in choice.verdicts for choice in choices):
        return Outcome.UNDECIDED
    return Outcome.DOES_NOT_HOLD


def explain(split: Sequence[LayoutChoice], best: LayoutChoice | None) -> str:
    """Which layer gains most, and at what price."""
    if not split or best is None:
        nearest = f"; nearest to it comes {best.workload} in {best.runtime}" if best and best.most > 1 else ""
        return f"no layer surely wants one layout at one batch size and the other at another{nearest}"
    return f"most for {best.workload} in {best.runtime}; it takes twice the memory for its weights"


CLAIM = Claim(
    number=6,
    text=Text.FORUM,
    quote="significant algorithmic effort was made in deciding whether to store a matrix or its transpose (or even "
    "sometimes both)",
    done="what storing both would gain and cost",
    examine=examine,
)
