"""Claim 9: the Iris network, trained in both layouts from the same start."""

from pathlib import Path

from profiler.base.record import Record
from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.claims.rules import count_figures
from profiler.models.layout import WeightLayout
from profiler.report.appendix_records import Figure, Finding, Outcome, Scale, Text, Unit

EPOCHS = {Scale.SMALL: 60, Scale.FULL: 300}
RUNTIMES = ("onnxruntime", "torchscript", "numpy")
SHAPES = {WeightLayout.OUT_IN: ((7, 4), (3, 7)), WeightLayout.IN_OUT: ((4, 7), (7, 3))}
TOLERANCE = 1e-4  # of a loss near 1: float32 sums in two orders, carried through all steps
LIMIT_S = 900.0
BUDGET_S = 30.0


class Training(Record, frozen=True, kw_only=True):
    """One layout's weights and course: the mean loss of each epoch, and how many of all flowers are named right."""

    shapes: tuple[tuple[int, int], ...]
    losses: tuple[float, ...]
    right: int


class IrisRun(Record, frozen=True, kw_only=True):
    """Both layouts, and the bundle of the trained network."""

    flowers: int
    trainings: dict[WeightLayout, Training]

    @property
    def loss_difference(self) -> float:
        """The largest difference between the losses of the layouts in any epoch."""
        out_in, in_out = (self.trainings[layout].losses for layout in WeightLayout)
        return max(abs(left - right) for left, right in zip(out_in, in_out, strict=True))


def examine(lab: Laboratory) -> Finding:
    """Train, compare, export and profile."""
    bundle = lab.folder / "iris"
    found = lab.ask(
        "profiler.claims.trials.iris:train",
        IrisRun,
        limit_s=LIMIT_S,
        epochs=EPOCHS[lab.scale],
        folder=str(bundle),
    )
    comparisons = lab.measure("iris-run", (), RUNTIMES, budget_s=BUDGET_S, bundle=Path(bundle)).comparisons
    return Finding(
        done=f"4-7-3 network, {found.flowers} flowers, {EPOCHS[lab.scale]} epochs of SGD in both layouts from one "
        "start; then exported and profiled, batches 1 and 8",
        outcome=judge(found),
        reason=explain(found),
        figures=(
            *(
                Figure(name=f"{layout.axes}: right", value=training.right, unit=Unit.COUNT, of=found.flowers)
                for layout, training in found.trainings.items()
            ),
            *(
                Figure(name=f"{layout.axes}: last loss", value=training.losses[-1], unit=Unit.NUMBER)
                for layout, training in found.trainings.items()
            ),
            Figure(name="largest difference of losses", value=found.loss_difference, unit=Unit.NUMBER),
            *count_figures(comparisons, prefix="profiled: "),
        ),
    )


def judge(found: IrisRun) -> Outcome:
    """The claim holds if the shapes are the text's and their reverse, and the layouts learn alike."""
    out_in, in_out = (found.trainings[layout] for layout in WeightLayout)
    has_shapes = all(found.trainings[layout].shapes == shapes for layout, shapes in SHAPES.items())
    is_alike = found.loss_difference <= TOLERANCE and out_in.right == in_out.right
    return Outcome.HOLDS if has_shapes and is_alike else Outcome.DOES_NOT_HOLD


def explain(found: IrisRun) -> str:
    """The shapes of the weights as each layout stores them, and whether both learn alike."""
    stored = "; ".join(
        f"{layout.axes}: {' and '.join(str(list(shape)) for shape in training.shapes)}"
        for layout, training in found.trainings.items()
    )
    alike = "alike" if found.loss_difference <= TOLERANCE else "differently"
    return f"weights {stored}; both learn {alike}"


CLAIM = Claim(
    number=9,
    text=Text.BLOG,
    quote="The hid1 layer weight matrix has shape [7,4] and the oupt layer weight matrix has shape [3,7].",
    done="the Iris network trained on the real data in both layouts",
    examine=examine,
)
