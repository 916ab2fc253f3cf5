"""The laboratory of the claims: it measures through the pipeline of `run`, and has torch's part done by a child."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.records import Form
from profiler.claims.workshop import Workshop
from profiler.judge.records import Row
from profiler.judge.rows import compare_session
from profiler.judge.verdicts import DEFAULT_LOOKS, DEFAULT_MARGIN
from profiler.machine.records import HardwareInfo
from profiler.measure.passes import Observer
from profiler.measure.supervisor import Run
from profiler.models.workload import Workload
from profiler.report.appendix_records import Scale
from profiler.runtimes import runtime_info
from profiler.session.file import load_session
from profiler.session.records import Options, Session

Answer = TypeVar("Answer")
SMALL_LOOKS = (6, 12)
ROUNDS = 21  # many short slices: what interrupts a few of them does not move a median
SLICE_S = 0.0004
EXPORT_LIMIT_S = 900.0


class InterruptedByUserError(Exception):
    """A signal ended a run; the claims before it are done."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted")
        self.number = number


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A session, and the rows that judging makes of it."""

    session: Session
    comparisons: tuple[Row, ...]

    def of(self, runtime: str) -> list[Row]:
        """The cases of one runtime."""
        return [found for found in self.comparisons if found.case.runtime == runtime]


class Laboratory(Protocol):
    """What a claim works with. Tests bring their own."""

    @property
    def scale(self) -> Scale:
        """Whether to measure what fits into ten minutes, or everything."""
        ...

    @property
    def hardware(self) -> HardwareInfo:
        """The hardware report of this machine."""
        ...

    @property
    def folder(self) -> Path:
        """Where files may be written."""
        ...

    def ask(
        self, trial: str, answer: type[Answer], *, limit_s: float, apart: bool = False, **arguments: object
    ) -> Answer:
        """Have a child process do `module:function` of `trials` with these arguments."""
        ...

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
        """Measure workloads, or a bundle of them that is there already; once for each name."""
        ...


class Lab:
    """The laboratory that really measures. Everything lies in one folder, which the caller removes."""

    def __init__(
        self, scale: Scale, folder: Path, *, hardware: HardwareInfo, observer: Observer, workshop: Workshop
    ) -> None:
        self.scale = scale
        self.folder = folder
        self.hardware = hardware
        self._observer = observer
        self._workshop = workshop
        self._measured: dict[str, Measurement] = {}

    def ask(
        self, trial: str, answer: type[Answer], *, limit_s: float, apart: bool = False, **arguments: object
    ) -> Answer:
        """Have a child process do `module:function`; `apart` gives it one that has done and will do nothing else."""
        return self._workshop.ask(trial, answer, limit_s=limit_s, apart=apart, **arguments)

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
        """Export the workloads, run them and judge, as `profile` does.

        Raises:
            MissingPackageError: none of the runtimes is installed.
            InterruptedByUserError: a signal ended the run.
        """
        if name not in self._measured:
            installed = _installed(runtimes)
            if bundle is None:
                bundle = self.folder / name
                self._export(bundle, workloads, installed)
            self._measured[name] = self._run(name, bundle, installed, budget_s=budget_s, threads=threads)
        return self._measured[name]

    def _export(self, bundle: Path, workloads: Sequence[Workload], runtimes: Sequence[str]) -> None:
        self._observer.stage(f"exporting {len(workloads)} {'layer' if len(workloads) == 1 else 'layers'}")
        formats = sorted({runtime_info(name).format for name in runtimes})
        self.ask(
            "profiler.claims.trials.export:export",
            str,
            limit_s=EXPORT_LIMIT_S,
            workloads=workloads,
            folder=str(bundle),
            formats=formats,
        )

    def _run(self, name: str, bundle: Path, runtimes: Sequence[str], *, budget_s: float, threads: int) -> Measurement:
        path = self.folder / f"{name}.jsonl"
        run = Run(
            open_bundle(bundle),
            choose_options(runtimes, scale=self.scale, threads=threads),
            hardware=self.hardware,
            observer=self._observer,
            pass_budget_s=budget_s if self.scale is Scale.SMALL else None,
        )
        run.execute(path)
        if run.stopped_by is not None:
            raise InterruptedByUserError(run.stopped_by)
        session = load_session(path)
        return Measurement(session, compare_session(session))


def choose_options(runtimes: Sequence[str], *, scale: Scale, threads: int) -> Options:
    """The options of a run. Small: fewer looks, one set of arms a block, and workers forked from one per runtime.

    Importing torch anew in every pass would take most of ten minutes on a small machine.
    """
    is_small = scale is Scale.SMALL
    return Options(
        runtimes=tuple(runtimes),
        forms=(Form.CONTROLLED,),
        looks=SMALL_LOOKS if is_small else DEFAULT_LOOKS,
        margin=DEFAULT_MARGIN,
        confidence_level=0.95,
        rounds=ROUNDS,
        slice_s=SLICE_S,
        threads=(threads,),
        cpus=(),
        seed=1,
        sets=1 if is_small else None,
        cost_passes=0,
        forked=is_small,
    )


def _installed(runtimes: Sequence[str]) -> list[str]:
    found = [name for name in runtimes if runtime_info(name).is_installed]
    if not found:
        runtime_info(runtimes[0]).require()
    return found
