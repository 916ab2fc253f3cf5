"""Claim 11: Keras stores [in, out]; its weights go in and come out unchanged."""

from pathlib import Path

from profiler.base.record import Record
from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.report.appendix_records import Figure, Finding, Outcome, Text, Unit

WEIGHTS = Path(__file__).parent / "keras_dense.npz"  # written by scripts/write_keras_weights.py
LIMIT_S = 900.0


class RoundTrip(Record, frozen=True, kw_only=True):
    """Kernels as Keras stores them; whether their bytes came back from each layout; how far outputs are off Keras'."""

    keras_version: str
    kernels: tuple[tuple[int, int], ...]
    unchanged: int
    total: int
    output_error: float


def examine(lab: Laboratory) -> Finding:
    """Take weights from Keras into the module and back in both layouts, and from the module to Keras and back."""
    found = lab.ask("profiler.claims.trials.keras:go_round", RoundTrip, limit_s=LIMIT_S, path=str(WEIGHTS))
    return Finding(
        done=f"saved weights of a Dense(7)-Dense(3) model of Keras {found.keras_version}: into the module and out "
        "again in both layouts, both ways, compared byte by byte; outputs against Keras' own",
        outcome=judge(found),
        reason=f"Keras stores {' and '.join(str(list(dims)) for dims in found.kernels)}, which is [in, out]",
        figures=(
            Figure(name="arrays unchanged", value=found.unchanged, unit=Unit.COUNT, of=found.total),
            Figure(name="largest error of outputs", value=found.output_error, unit=Unit.NUMBER),
        ),
    )


def judge(found: RoundTrip) -> Outcome:
    """The claim holds if the stored dimensions are `[in, out]` and no byte changes."""
    is_in_out = found.kernels == ((4, 7), (7, 3))
    return Outcome.HOLDS if is_in_out and found.unchanged == found.total else Outcome.DOES_NOT_HOLD


CLAIM = Claim(
    number=11,
    text=Text.BLOG,
    quote="The Keras neural network library stores weight matrices in [num_in, num_out] shape.",
    done="weights of a real Keras model in and out",
    examine=examine,
)
