"""The supervisor: checks every case, runs pass after pass in fresh workers and keeps the session. It times nothing.

A worker's death takes its block with it, never the run: it is recorded with the case and the signal, and the rest of
the pass goes on in a new worker.
"""

import collections
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from profiler import __version__
from profiler.artifacts.bundle import Bundle
from profiler.artifacts.records import Form, part_names
from profiler.base.errors import ArtifactError, OptionError, RunInterruptedError, SessionError
from profiler.base.files import refuse_existing
from profiler.base.signals import Stop
from profiler.machine.conditions import Clocks, capture_conditions, utc_now
from profiler.machine.memory import available_bytes
from profiler.machine.records import Conditions, HardwareInfo
from profiler.measure.child import ForkedWorker, StopRequestedError, Worker
from profiler.measure.crew import Crew
from profiler.measure.messages import ArmFile, Checked, CheckRequest, Reason, Rejected
from profiler.measure.passes import Observer, Passes, failed_cases
from profiler.measure.plan import Job, PlannedCase, make_plan, teams_of
from profiler.measure.tally import Tally
from profiler.runtimes import RuntimeInfo
from profiler.session.file import ARMS_AT_ONCE, SessionWriter
from profiler.session.records import (
    SESSION_SCHEMA,
    Check,
    End,
    Failure,
    Header,
    Options,
    Resume,
    Session,
    Stage,
    Weights,
)


class Run:
    """One invocation of `run`.

    `budget_s` counts from its beginning, `pass_budget_s` from its first pass: starting runtimes and checking answers
    takes as long as it takes.
    """

    def __init__(
        self,
        bundle: Bundle,
        options: Options,
        *,
        hardware: HardwareInfo,
        observer: Observer,
        not_installed: Sequence[RuntimeInfo] = (),
        budget_s: float | None = None,
        pass_budget_s: float | None = None,
        root: Path = Path("/"),
    ) -> None:
        self._bundle = bundle
        self._options = options
        self._hardware = hardware
        self._observer = observer
        self._budget_s = budget_s
        self._pass_budget_s = pass_budget_s
        self._root = root
        self._clocks = Clocks.now()
        self._plan = make_plan(bundle.manifest, options, not_installed=not_installed)
        self._stop = Stop()
        self._crew = Crew(options, self._stop)
        self._given_up: set[str] = set()
        self._paired: set[str] = set()

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
            self._say_left_out(self._plan.left_out)
        self._bundle.verify(self._plan.entries)
        with self._stop.on_signals(), contextlib.closing(self._crew):
            writer, session = self._reopen(path) if resume else (None, None)
            if writer is not None and session is not None and session.end is not None and self._is_whole(session):
                writer.close()
                return session.end
            if session is not None:
                self._say_left_out(session.header.left_out)
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
            left_out=self._plan.left_out,
        )

    def _reopen(self, path: Path) -> tuple[SessionWriter, Session]:
        writer, session = SessionWriter.reopen(path)
        problem = resume_problem(session.header, self._header())
        if problem:
            writer.close()
            raise SessionError(f"{path} cannot be resumed: {problem}; start a new session with another -o")
        return writer, session

    def _is_whole(self, session: Session) -> bool:
        """Whether every case is decided or has all its passes, so that there is nothing to go on with."""
        tally = self._tally_of(session)
        tally.judge()
        return tally.left([planned.case.id for planned in self._plan.cases]) == 0

    def _conditions(self, is_full: bool = True) -> Conditions:  # noqa: FBT001, FBT002 - one thing, and what it is of
        return capture_conditions(self._root, started=self._clocks, is_full=is_full)

    # ------------------------------------------------------------ checks

    def _say_left_out(self, left_out: Sequence[str]) -> None:
        for text in left_out:
            self._observer.warned(f"left out: {text}")

    def _check_all(self) -> tuple[list[Check], list[Failure]]:
        checks: list[Check] = []
        failures: list[Failure] = []
        for team in teams_of(self._plan):
            self._observer.stage(f"checking the answers of {team.label}")
            self._crew.work(
                collections.deque(
                    Job(planned, Stage.CHECK) for planned in self._plan.cases if planned.case.team == team
                ),
                act=lambda worker, job: self._check(worker, job.planned, checks),
                fail=failures.append,
            )
        for failure in failures:
            self._given_up.update(failed_cases(failure, self._plan))
        return checks, failures

    def _check(self, worker: Worker | ForkedWorker, planned: PlannedCase, checks: list[Check]) -> str | None:
        if self._budget_s is not None and time.monotonic() > self._clocks.monotonic_s + self._budget_s:
            raise OptionError(
                f"the time budget of {self._budget_s:g} s ended while answers were still being checked; give it more"
            )
        problem = self._fit(planned, available_bytes())
        if problem is not None:
            return problem
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
                has_identity=planned.has_identity,
                identity_path=str(self._bundle.path_of(planned.identity)) if planned.identity else None,
                identity_parts=part_names(planned.identity.parts) if planned.identity else (),
            )
        )
        if isinstance(reply, Rejected):
            if reply.reason is Reason.ARTIFACT:
                raise ArtifactError(reply.message)
            return reply.message
        assert isinstance(reply, Checked)
        checks.append(Check(case=planned.case.id, arms=reply.arms))
        return None

    def _fit(self, planned: PlannedCase, available: int) -> str | None:
        """Choose how many arms are loaded together; what is wrong, if not even a pair fits.

        One arm at a time would need less still, but then the layouts would be timed at different moments, and
        whatever changes in between would look like a difference.
        """
        evicted = self._options.eviction_bytes if planned.case.weights is Weights.COLD else 0
        all_, pair = (planned.needed_bytes(arms) + evicted for arms in ARMS_AT_ONCE)
        room = f"{available / 2**20:.0f} MiB are available"
        if pair > available:
            return (
                f"needs about {pair / 2**20:.0f} MiB to load a pair of arms ({all_ / 2**20:.0f} for four), {room}: "
                "stop other programs, or measure smaller layers"
            )
        if all_ > available:
            self._paired.add(planned.case.id)
            self._observer.warned(
                f"{planned.case.id}: four arms need about {all_ / 2**20:.0f} MiB, {room}: measured in two pairs, one "
                "after the other"
            )
        return None

    # ------------------------------------------------------------ passes

    def _measure_all(
        self, writer: SessionWriter, session: Session | None, checks: list[Check], failures: list[Failure]
    ) -> End:
        self._write_opening(writer, session, checks, failures)
        passes = Passes(
            self._bundle,
            self._plan,
            self._options,
            writer=writer,
            crew=self._crew,
            tally=self._tally_of(session),
            observer=self._observer,
            stop=self._stop,
            given_up=self._given_up,
            paired=self._paired,
            deadline_s=self._deadline_s(),
            conditions=self._conditions,
            invocation=0 if session is None else len(session.resumes) + 1,
        )
        reason = passes.run()
        end = End(reason=reason, utc=utc_now(), elapsed_s=time.monotonic() - self._clocks.monotonic_s)
        writer.append(end)
        return end

    def _deadline_s(self) -> float | None:
        """When passes that begin now shall end: the budget counts from the start, that of passes alone from now."""
        ends = [
            begin + budget
            for begin, budget in (
                (self._clocks.monotonic_s, self._budget_s),
                (time.monotonic(), self._pass_budget_s),
            )
            if budget is not None
        ]
        return min(ends, default=None)

    def _tally_of(self, session: Session | None) -> Tally:
        tally = Tally([planned.case for planned in self._plan.cases], self._options)
        if session is not None:
            for start in session.starts:
                tally.add_start(start)
            for cost in session.costs:
                tally.add_cost(cost)
            for block in session.blocks:
                tally.add_block(block)
        return tally

    def _write_opening(
        self, writer: SessionWriter, session: Session | None, checks: list[Check], failures: list[Failure]
    ) -> None:
        """Write what is known before the first pass."""
        known: set[str] = set()
        if session is not None:
            writer.append(Resume(utc=utc_now(), tool_version=__version__, conditions=self._conditions()))
            known = {check.case for check in session.checks}
        for check in checks:
            if check.case not in known:
                writer.append(check)
        for failure in failures:
            if session is None or (failure.case, failure.stage) not in {(f.case, f.stage) for f in session.failures}:
                writer.append(failure)
            self._observer.failed(failure)


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
