"""What tests of claims share: made-up comparisons, and a laboratory that answers what it is told."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from profiler.artifacts.records import Form
from profiler.claims.lab import Measurement
from profiler.judge.records import Comparison, Estimate, Verdict
from profiler.machine.records import HardwareInfo
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload
from profiler.report.appendix_records import Scale
from profiler.session.records import Case, Control, Session, Weights
from tests.sessions import hardware, make_session


def comparison(
    speedup: float | None,
    verdict: Verdict = Verdict.UNDECIDED,
    *,
    width: float = 0.01,
    runtime: str = "numpy",
    workload: str = "linear-64x64",
    batch: int = 1,
) -> Comparison:
    """A case with that speedup, its interval `width` wide to either side on the log scale."""
    case = Case(
        runtime=runtime,
        form=Form.CONTROLLED,
        workload=workload,
        batch_shape=(batch,),
        dtype=NumberFormat.FLOAT32,
        threads=1,
        weights=Weights.WARM,
        control=Control.NONE,
    )
    effect = None
    times = {}
    if speedup is not None:
        point = math.log(speedup)
        effect = Estimate(point=point, low=point - width, high=point + width, confidence_level=0.95)
        times = {WeightLayout.OUT_IN: 1e-6, WeightLayout.IN_OUT: 1e-6 * speedup}
    return Comparison(
        case=case,
        passes=12,
        effect=effect,
        null=None,
        noise_floor=None,
        is_biased=False,
        time_s=times,
        verdict=verdict,
        reason="made up",
        more_passes=None,
        decidable_margin=None,
        disturbed_passes=0,
        overhead=None,
        cost=None,
    )


class FakeLab:
    """Answers trials from `answers` by their names, measurements from `comparisons` by theirs."""

    def __init__(
        self,
        *,
        answers: dict[str, Any] | None = None,
        comparisons: Mapping[str, Sequence[Comparison]] | None = None,
        folder: Path = Path("nowhere"),
        scale: Scale = Scale.SMALL,
    ) -> None:
        self.scale = scale
        self.folder = folder
        self.answers = answers or {}
        self.comparisons = comparisons or {}
        self.asked: list[str] = []

    @property
    def hardware(self) -> HardwareInfo:
        return hardware()

    def ask(self, trial: str, answer: type[Any], *, limit_s: float, apart: bool = False, **arguments: object) -> Any:
        name = trial.rpartition(":")[2]
        self.asked.append(name)
        found = self.answers[name]
        if isinstance(found, Exception):
            raise found
        return msgspec.json.decode(msgspec.json.encode(found), type=answer)

    def measure(
        self,
        name: str,
        workloads: Sequence[Workload],
        runtimes: Sequence[str],
        *,
        budget_s: float,
        threads: int = 1,
        bundle: Path | None = None,
    ) -> Measurement:
        session: Session = make_session({})
        return Measurement(session, tuple(self.comparisons[name]))
