"""What tests of whole runs share: small options, a run in this process, and someone it tells how it goes."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.records import Form
from profiler.judge.records import Verdict
from profiler.machine.capture import capture_hardware
from profiler.machine.records import Conditions
from profiler.measure.supervisor import Run
from profiler.measure.tally import CaseProgress
from profiler.session.file import load_session
from profiler.session.records import Block, End, Failure, Options, Session

PASSES = 6
Script = Callable[..., None]


class Recorder:
    """Notes what a run tells, and may act on it."""

    def __init__(self, on_block: Callable[[Block], None] = lambda _: None) -> None:
        self.stages: list[str] = []
        self.blocks = 0
        self.plans: list[tuple[int, int]] = []
        self.verdicts: dict[str, Verdict] = {}
        self.open_cases: list[int] = []
        self.planned_open: list[int] = []
        self.states: list[Conditions] = []
        self.standings: list[CaseProgress] = []
        self.failures: list[Failure] = []
        self.warnings: list[str] = []
        self.on_block = on_block

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def planned(self, *, blocks: int, done: int, open_cases: int) -> None:
        self.plans.append((blocks, done))
        self.planned_open.append(open_cases)

    def conditions(self, state: Conditions) -> None:
        self.states.append(state)

    def measured(self, block: Block, standing: CaseProgress) -> None:
        self.blocks += 1
        self.standings.append(standing)
        self.on_block(block)

    def decided(self, verdicts: dict[str, Verdict], *, open_cases: int) -> None:
        assert not verdicts.keys() & self.verdicts.keys()
        self.verdicts |= verdicts
        self.open_cases.append(open_cases)

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def warned(self, text: str) -> None:
        self.warnings.append(text)


def ended_after(count: int) -> Recorder:
    """One that ends the run after so many blocks, as Ctrl-C would."""
    recorder = Recorder()

    def end_there(_: Block) -> None:
        if recorder.blocks == count:
            os.kill(os.getpid(), signal.SIGTERM)

    recorder.on_block = end_there
    return recorder


def options(*runtimes: str, passes: int = PASSES, **changes: object) -> Options:
    """One look at the end, one set of arms, no costs and no repeats: so many passes are so many blocks of a case."""
    chosen: dict[str, object] = {
        "forms": (Form.CONTROLLED,),
        "looks": (passes,),
        "margin": 0.03,
        "confidence_level": 0.95,
        "rounds": 3,
        "slice_s": 1e-5,
        "threads": (1,),
        "cpus": (),
        "seed": 1,
        "sets": 1,
        "cost_passes": 0,
        "repeat_share": 0.0,
    }
    return Options(runtimes=runtimes or ("scripted",), **{**chosen, **changes})  # type: ignore[arg-type]


def execute(
    bundle: Path,
    path: Path,
    chosen: Options,
    *,
    recorder: Recorder | None = None,
    resume: bool = False,
    budget_s: float | None = None,
    pass_budget_s: float | None = None,
) -> tuple[End, Session]:
    run = Run(
        open_bundle(bundle),
        chosen,
        hardware=capture_hardware(),
        observer=recorder or Recorder(),
        budget_s=budget_s,
        pass_budget_s=pass_budget_s,
    )
    end = run.execute(path, resume=resume)
    return end, load_session(path)
