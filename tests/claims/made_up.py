"""A laboratory that answers what it is told."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from profiler.claims.lab import Measurement
from profiler.judge.records import Row
from profiler.machine.records import HardwareInfo
from profiler.models.workload import Workload
from profiler.report.appendix_records import Scale
from profiler.session.records import Session
from tests.sessions import hardware, make_session


class FakeLab:
    """Answers trials from `answers` by their names, measurements from `comparisons` by theirs."""

    def __init__(
        self,
        *,
        answers: dict[str, Any] | None = None,
        comparisons: Mapping[str, Sequence[Row]] | None = None,
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
