"""Claim 5: a Linear whose weight is the transposed view of a row-major matrix."""

from profiler.base.record import Record
from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.claims.locality import measure_kernels
from profiler.claims.rules import count_figures, largest, speedup_figures
from profiler.judge.records import Row
from profiler.report.appendix_records import Figure, Finding, Outcome, Text, Unit

LIMIT_S = 900.0
RUNTIME = "eager-linear"


class Survival(Record, frozen=True, kw_only=True):
    """Whether the strides are still those of a transposed view after something was done."""

    after: str
    is_kept: bool


class Trick(Record, frozen=True, kw_only=True):
    """The weight's shape and strides after the assignment, whether the layer computes the same, what survives."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_right: bool
    survivals: tuple[Survival, ...]


def examine(lab: Laboratory) -> Finding:
    """Give a Linear such a weight, follow its strides through copies and exports, and time both layouts."""
    trick = lab.ask("profiler.claims.trials.columnmajor:follow_strides", Trick, limit_s=LIMIT_S, folder=str(lab.folder))
    speed = measure_kernels(lab).of(RUNTIME)
    kept = [survival for survival in trick.survivals if survival.is_kept]
    worst = largest(speed)
    return Finding(
        done="Linear(10, 2) given Parameter(wt.T); its strides followed through copies, files and exports; both "
        f"layouts timed in {RUNTIME}",
        outcome=judge(trick),
        reason=explain(trick, speed),
        figures=(
            Figure(name="ways that keep the strides", value=len(kept), unit=Unit.COUNT, of=len(trick.survivals)),
            *count_figures(speed, prefix="speed: "),
            *speedup_figures([worst] if worst else []),
        ),
    )


def judge(trick: Trick) -> Outcome:
    """The claim holds if the shape is nn.Linear's, the strides are column-major and the outputs right."""
    shape, strides = trick.shape, trick.strides
    return Outcome.HOLDS if trick.is_right and strides == (1, shape[0]) else Outcome.DOES_NOT_HOLD


def explain(trick: Trick, speed: list[Row]) -> str:
    """Which shape and strides the weight has, and what loses them."""
    lost = ", ".join(survival.after for survival in trick.survivals if not survival.is_kept) or "nothing"
    kept = ", ".join(survival.after for survival in trick.survivals if survival.is_kept) or "nothing"
    timed = "" if speed else "; its speed was not measured"
    return (
        f"shape {list(trick.shape)}, strides {list(trick.strides)}; kept by {kept}; lost by {lost}{timed}; "
        "a speedup below 1 means that the trick is faster"
    )


CLAIM = Claim(
    number=5,
    text=Text.FORUM,
    quote="it is possible to have a Linear store its weight in column-major form by setting its weight to the "
    "transpose view of a row-major matrix",
    done="the assignment, what keeps it, and its speed",
    examine=examine,
)
