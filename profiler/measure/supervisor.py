"""The supervisor: checks every case, runs pass after pass in fresh workers and keeps the session. It times nothing.

A worker's death takes its block with it, never the run: it is recorded with the case and the signal, and the rest of
the pass goes on in a new worker.
"""

import collections
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psutil

from profiler import __version__
from profiler.bundle import Bundle
from profiler.errors import ArtifactError, RunInterruptedError, SessionError
from profiler.files import refuse_existing
from profiler.hardware.conditions import capture_conditions, utc_now
from profiler.measure.child import StopRequestedError, Worker
from profiler.measure.crew import Crew
from profiler.measure.messages import ArmFile, BlockRequest, Checked, CheckRequest, Measured, Reason, Rejected
from profiler.measure.plan import PlannedCase, block_seed, case_order, make_plan, runtime_order
from profiler.records import (
    SESSION_SCHEMA,
    Block,
    Check,
    Conditions,
    ConditionsRecord,
    End,
    EndReason,
    Failure,
    Form,
    HardwareInfo,
    Header,
    Options,
    Resume,
    Session,
    Stage,
)
from profiler.session import ARMS, SessionWriter
from profiler.signals import Stop

MAX_MEASURE_FAILURES = 2  # a case that fails this often in passes is left out of the later ones


class Observer(Protocol):
    """Is told how the run goes. `commands.progress` shows it; tests record it."""

    def stage(self, text: str) -> None:
        """Something begins that is not a block."""
        ...

    def planned(self, *, blocks: int, done: int) -> None:
        """So many blocks in all, so many done by an earlier invocation."""
        ...

    def measured(self, block: Block) -> None:
        """A block is on disk."""
        ...

    def failed(self, failure: Failure) -> None:
        """A failure is on disk."""
        ...

    def warned(self, text: str) -> None:
        """Something the user should know."""
        ...


class Run:
    """One invocation of `run`."""

    def __init__(
        self,
        bundle: Bundle,
        options: Options,
        *,
        hardware: HardwareInfo,
        observer: Observer,
        left_out: Sequence[str] = (),
        budget_s: float | None = None,
        root: Path = Path("/"),
    ) -> None:
        self._bundle = bundle
        self._options = options
        self._hardware = hardware
        self._observer = observer
        self._budget_s = budget_s
        self._root = root
        self._started = time.monotonic()
        self._plan = make_plan(bundle.manifest, options)
        self._left_out = (*left_out, *self._plan.left_out)
        self._stop = Stop()
        self._crew = Crew(options, self._stop)
        self._given_up: set[str] = set()
        self._failures: collections.Counter[str] = collections.Counter()

    def execute(self, path: Path, *, resume: bool = False, force: bool = False) -> End:
        """Measure and write the session. Returns how it ended.

        Raises:
            BundleError: a file of the bundle is not what its manifest claims; nothing was measured or written.
            SessionError: the session to resume is of another bundle, machine or set of options.
            OutputError: the session cannot be written; what it held is whole.
            RunInterruptedError: the run was asked to end before anything could be measured.
        """
        if not resume:
            refuse_existing(path, force=force)
        self._bundle.verify(self._plan.entries)
        with self._stop.on_signals():
            writer, session = self._reopen(path) if resume else (None, None)
            if writer is not None and session is not None and session.end is not None and self._is_whole(session):
                writer.close()
                return session.end
            try:
                checks, failures = self._check_all()
            except StopRequestedError as error:
                if writer is not None:
                    writer.close()
                raise RunInterruptedError(self._stop.signal or 0) from error
            if writer is None:
                writer = SessionWriter.create(path, self._header(), force=force)
            try:
                return self._measure_all(writer, session, checks, failures)
            finally:
                writer.close()

    @property
    def stopped_by(self) -> int | None:
        """The signal that ended the run, None if none did."""
        return self._stop.signal

    # ------------------------------------------------------------ session

    def _header(self) -> Header:
        return Header(
            schema_version=SESSION_SCHEMA,
            tool_version=__version__,
            created_utc=utc_now(),
            suite=self._bundle.manifest.suite,
            manifest_sha256=self._bundle.manifest_sha256,
            workloads=tuple({p.workload.name: p.workload for p in self._plan.cases}.values()),
            cases=tuple(planned.case for planned in self._plan.cases),
            options=self._options,
            hardware=self._hardware,
            left_out=self._left_out,
        )

    def _reopen(self, path: Path) -> tuple[SessionWriter, Session]:
        writer, session = SessionWriter.reopen(path)
        problem = resume_problem(session.header, self._header())
        if problem:
            writer.close()
            raise SessionError(f"{path} cannot be resumed: {problem}; start a new session with another -o")
        return writer, session

    def _is_whole(self, session: Session) -> bool:
        """Whether every case has been measured in every pass, so that there is nothing to go on with."""
        done = {(block.case, block.pass_index) for block in session.blocks}
        return len(done) == self._options.passes * len(self._plan.cases)

    def _conditions(self) -> Conditions:
        return capture_conditions(self._root, started=self._started)

    # ------------------------------------------------------------ checks

    def _check_all(self) -> tuple[list[Check], list[Failure]]:
        checks: list[Check] = []
        failures: list[Failure] = []
        for runtime in self._options.runtimes:
            cases = [planned for planned in self._plan.cases if planned.case.runtime == runtime]
            if cases:
                self._observer.stage(f"checking the answers of {runtime}")
                self._crew.work(
                    cases,
                    act=lambda worker, planned: self._check(worker, planned, checks),
                    fail=failures.append,
                    stage=Stage.CHECK,
                )
        for failure in failures:
            self._given_up.update(self._cases_of(failure))
        return checks, failures

    def _check(self, worker: Worker, planned: PlannedCase, checks: list[Check]) -> str | None:
        available = psutil.virtual_memory().available
        if planned.needed_bytes > available:
            return (
                f"needs about {planned.needed_bytes / 2**20:.0f} MiB for four arms, "
                f"{available / 2**20:.0f} MiB are available"
            )
        reply = worker.request(
            CheckRequest(
                workload=planned.workload,
                files={
                    layout: ArmFile(path=str(self._bundle.path_of(artifact)), artifact=artifact)
                    for layout, artifact in planned.loaded_artifacts.items()
                },
                batch_shape=planned.case.batch_shape,
                is_controlled=planned.case.form is Form.CONTROLLED,
                answer_path=str(self._bundle.path_of(planned.answer)),
            )
        )
        if isinstance(reply, Rejected):
            if reply.reason is Reason.ARTIFACT:
                raise ArtifactError(reply.message)
            return reply.message
        assert isinstance(reply, Checked)
        checks.append(Check(case=planned.case.id, arms=reply.arms))
        return None

    # ------------------------------------------------------------ passes

    def _measure_all(
        self, writer: SessionWriter, session: Session | None, checks: list[Check], failures: list[Failure]
    ) -> End:
        done = self._write_opening(writer, session, checks, failures)
        passes = self._options.passes
        pending = self._pending()
        self._observer.planned(
            blocks=passes * len(pending), done=sum(case in pending for case, pass_index in done if pass_index < passes)
        )
        reason = EndReason.COMPLETE
        try:
            for pass_index in range(passes):
                if any((case, pass_index) not in done for case in self._pending()):
                    writer.append(ConditionsRecord(pass_index=pass_index, conditions=self._conditions()))
                    self._pass(writer, pass_index, done)
        except StopRequestedError:
            reason = EndReason.INTERRUPTED
        except _BudgetSpentError:
            reason = EndReason.BUDGET
        writer.append(ConditionsRecord(pass_index=passes, conditions=self._conditions()))
        end = End(reason=reason, utc=utc_now(), elapsed_s=time.monotonic() - self._started)
        writer.append(end)
        return end

    def _pending(self) -> set[str]:
        """The cases that have not been given up."""
        return {planned.case.id for planned in self._plan.cases} - self._given_up

    def _write_opening(
        self, writer: SessionWriter, session: Session | None, checks: list[Check], failures: list[Failure]
    ) -> set[tuple[str, int]]:
        """Write what is known before the first pass, and tell which blocks an earlier invocation has measured."""
        for text in self._left_out:
            self._observer.warned(f"left out: {text}")
        known: set[str] = set()
        done: set[tuple[str, int]] = set()
        if session is not None:
            writer.append(Resume(utc=utc_now(), tool_version=__version__, conditions=self._conditions()))
            known = {check.case for check in session.checks}
            done = {(block.case, block.pass_index) for block in session.blocks}
        for check in checks:
            if check.case not in known:
                writer.append(check)
        for failure in failures:
            if session is None or (failure.case, failure.stage) not in {(f.case, f.stage) for f in session.failures}:
                writer.append(failure)
            self._observer.failed(failure)
        return done

    def _pass(self, writer: SessionWriter, pass_index: int, done: set[tuple[str, int]]) -> None:
        seed = self._options.seed
        for runtime in runtime_order(self._plan, seed=seed, pass_index=pass_index):
            cases = [
                planned
                for planned in case_order(self._plan, runtime, seed=seed, pass_index=pass_index)
                if planned.case.id not in self._given_up and (planned.case.id, pass_index) not in done
            ]
            if cases:
                self._crew.work(
                    cases,
                    act=lambda worker, planned: self._measure(worker, planned, writer, pass_index),
                    fail=lambda failure: self._note_failure(writer, failure),
                    stage=Stage.MEASURE,
                    pass_index=pass_index,
                )

    def _measure(self, worker: Worker, planned: PlannedCase, writer: SessionWriter, pass_index: int) -> str | None:
        if self._stop.signal is not None:
            raise StopRequestedError
        if self._budget_s is not None and time.monotonic() - self._started > self._budget_s:
            raise _BudgetSpentError
        at_s = time.monotonic() - self._started
        reply = worker.request(
            BlockRequest(
                workload=planned.workload,
                files={arm: str(self._bundle.path_of(planned.arm_artifact(arm))) for arm in ARMS},
                answer_path=str(self._bundle.path_of(planned.answer)),
                seed=block_seed(planned.case, seed=self._options.seed, pass_index=pass_index),
                rounds=self._options.rounds,
                slice_ns=round(self._options.slice_s * 1e9),
            )
        )
        if isinstance(reply, Rejected):
            return reply.message
        assert isinstance(reply, Measured)
        block = Block(
            case=planned.case.id,
            pass_index=pass_index,
            at_s=at_s,
            calls=reply.calls,
            slices_ns=reply.slices_ns,
            major_faults=reply.major_faults,
        )
        writer.append(block)
        self._observer.measured(block)
        return None

    def _note_failure(self, writer: SessionWriter, failure: Failure) -> None:
        writer.append(failure)
        self._observer.failed(failure)
        for case in self._cases_of(failure):
            self._failures[case] += 1
            if self._failures[case] >= MAX_MEASURE_FAILURES:
                self._given_up.add(case)

    def _cases_of(self, failure: Failure) -> list[str]:
        """The cases a failure strikes: its own, or all of a runtime that does not even start."""
        if failure.case is not None:
            return [failure.case]
        return [planned.case.id for planned in self._plan.cases if planned.case.runtime == failure.runtime]


class _BudgetSpentError(Exception):
    """The time allowed for the run is over."""


def resume_problem(old: Header, new: Header) -> str | None:
    """Why a session cannot be continued by this invocation, None if it can."""
    if old.manifest_sha256 != new.manifest_sha256:
        return "it measures another bundle"
    if old.options != new.options:
        return "it was measured with other options"
    if old.cases != new.cases:
        return "other runtimes are installed now"
    if (old.hardware.cpu_name, old.hardware.board.model) != (new.hardware.cpu_name, new.hardware.board.model):
        return "it was measured on another machine"
    changed = [
        f"{name} was {old.hardware.software.get(name)} and is {new.hardware.software.get(name)}"
        for name in sorted({*old.hardware.software, *new.hardware.software})
        if old.hardware.software.get(name) != new.hardware.software.get(name)
    ]
    return changed[0] if changed else None
