"""Claim 8: the backward pass and the layout of the weight."""

from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.claims.rules import case_name, count_figures, judge_majority, largest, passes_text, speedup_figures
from profiler.judge.records import Row, Verdict
from profiler.models.layout import LinearShape
from profiler.models.workload import Workload, linear_workload
from profiler.report.appendix_records import Finding, Scale, Text

FORWARD, BACKWARD, STEP = RUNTIMES = ("train-forward", "train-backward", "train-step")
GRID = {
    Scale.SMALL: ((64, 64), (256, 1024), (1024, 256)),
    Scale.FULL: ((64, 64), (128, 512), (512, 128), (256, 256), (256, 1024), (1024, 256), (1024, 1024), (2048, 2048)),
}
BATCHES = {Scale.SMALL: (1, 32), Scale.FULL: (1, 8, 32, 128)}
BUDGET_S = 150.0


def examine(lab: Laboratory) -> Finding:
    """Forward, backward and both over a grid."""
    measured = lab.measure("training", layers(lab.scale), RUNTIMES, budget_s=BUDGET_S)
    backward = measured.of(BACKWARD)
    worst = largest(backward)
    shapes = ", ".join(f"{inner}x{outer}" for inner, outer in GRID[lab.scale])
    return Finding(
        done=f"training steps in eager torch, layers {shapes} with bias, batches "
        f"{', '.join(map(str, BATCHES[lab.scale]))}, one thread: gradients of input, weight and bias; "
        f"{passes_text(measured.comparisons)}",
        outcome=judge_majority(backward, Verdict.PAYS_OFF),
        reason=explain(backward),
        figures=(
            *(
                figure
                for name, runtime in (("forward", FORWARD), ("backward", BACKWARD), ("both", STEP))
                for figure in count_figures(measured.of(runtime), prefix=f"{name}: ")
            ),
            *speedup_figures([worst] if worst else []),
        ),
    )


def layers(scale: Scale) -> list[Workload]:
    """The square and oblong layers that are trained, each with its batches."""
    batches = tuple((batch,) for batch in BATCHES[scale])
    return [
        linear_workload(LinearShape(in_features=inner, out_features=outer), batch_shapes=batches)
        for inner, outer in GRID[scale]
    ]


def explain(backward: list[Row]) -> str:
    """Where transposed storage is ahead, and where it is not."""
    groups = {
        "faster": Verdict.PAYS_OFF,
        "slower": Verdict.COSTS,
        "equal": Verdict.EQUAL,
    }
    parts = []
    for word, verdict in groups.items():
        names = [case_name(found).removeprefix(f"{BACKWARD} ") for found in backward if found.verdict is verdict]
        if names:
            parts.append(f"{word} for {', '.join(names)}")
    return f"backward over [out, in] is {'; '.join(parts)}" if parts else "no backward pass is decided"


CLAIM = Claim(
    number=8,
    text=Text.BLOG,
    quote="the backward pass to compute gradients is usually (but not always) faster with a [num_out, num_in] shape",
    done="forward, backward and both in eager training steps, in both layouts",
    examine=examine,
)
