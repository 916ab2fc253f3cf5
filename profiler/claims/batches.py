"""Claim 4: any number of leading batch dimensions, in either layout, in every format and runtime."""

from profiler.base.record import Record
from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.report.appendix_records import Figure, Finding, Outcome, Text, Unit

SHAPES = ((), (5,), (5, 3))  # the text's inputs [10], [5, 10] and [5, 3, 10]
LIMIT_S = 900.0


class Answers(Record, frozen=True, kw_only=True):
    """How many outputs were compared with float64 ones and were right; `wrong` names those that were off or refused.

    `rewritten` counts the files that hold another layout than was asked for, of `files`.
    """

    right: int
    total: int
    wrong: tuple[str, ...]
    runtimes: int
    rewritten: int
    files: int


def examine(lab: Laboratory) -> Finding:
    """Compute the outputs for the text's inputs in every format and runtime, and compare them with float64 ones."""
    found = lab.ask(
        "profiler.claims.trials.batches:answer_all",
        Answers,
        limit_s=LIMIT_S,
        apart=True,
        shapes=SHAPES,
        folder=str(lab.folder / "batches"),
    )
    return Finding(
        done=f"Linear(10, 2) on inputs [10], [5, 10] and [5, 3, 10], both layouts, all formats and forms, "
        f"{found.runtimes} runtimes, against the float64 answer",
        outcome=judge(found),
        reason=explain(found),
        figures=(
            Figure(name="right answers", value=found.right, unit=Unit.COUNT, of=found.total),
            Figure(
                name="files whose exporter changed the layout", value=found.rewritten, unit=Unit.COUNT, of=found.files
            ),
        ),
    )


def judge(found: Answers) -> Outcome:
    """The claim holds if every output is right."""
    if found.total == 0:
        return Outcome.UNDECIDED
    return Outcome.HOLDS if found.right == found.total else Outcome.DOES_NOT_HOLD


def explain(found: Answers) -> str:
    """Which outputs are wrong, or what an exporter did for them to be right."""
    if found.wrong:
        return f"wrong: {'; '.join(found.wrong[:3])}"
    if found.rewritten:
        return "every answer is right; without a matrix as input, torch's ONNX exporter stores [in, out] for both"
    return "every answer is right"


CLAIM = Claim(
    number=4,
    text=Text.FORUM,
    quote='so that Linear can accept inputs with any number of leading "batch" dimensions',
    done="three input ranks in every format and runtime",
    examine=examine,
)
