"""Pass after pass: a fresh worker per team measures every open case, and the session keeps what it saw."""

import collections
import time
from collections.abc import Callable, Container
from typing import Protocol

from profiler.artifacts.bundle import Bundle
from profiler.base.signals import Stop, StopRequestedError
from profiler.judge.disturbance import changes, disturbances
from profiler.judge.placement import Design
from profiler.judge.records import Verdict
from profiler.machine.records import Conditions
from profiler.measure.crew import Crew
from profiler.measure.handle import ForkedWorker, Worker
from profiler.measure.messages import BlockRequest, BlockTimes, CostRequest, CostTimes, Rejection
from profiler.measure.plan import Job, Plan, PlannedCase, block_seed, case_order, team_order
from profiler.measure.tally import CaseProgress, Tally
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS_AT_ONCE
from profiler.session.file import SessionWriter
from profiler.session.records import (
    Block,
    ConditionsRecord,
    Control,
    Cost,
    EndReason,
    Failure,
    Options,
    Stage,
    Start,
    Team,
    Weights,
)

MAX_FAILURES = 2  # a case that fails this often in passes is left out of the later ones
MAX_ATTEMPTS = 2  # of a block in one pass


class Observer(Protocol):
    """Is told how the run goes. A command shows it; tests record it."""

    def stage(self, text: str) -> None:
        """Something begins that is not a block."""
        ...

    def planned(self, *, blocks: int, done: int, open_cases: int) -> None:
        """So many blocks at most in all, so many done. Told again when cases leave."""
        ...

    def conditions(self, state: Conditions) -> None:
        """The machine's state before a pass, and the part of it that is read after every block."""
        ...

    def measured(self, block: Block, standing: CaseProgress) -> None:
        """A block is on disk; its case now stands so."""
        ...

    def decided(self, verdicts: dict[str, Verdict], *, open_cases: int) -> None:
        """A look has decided these cases; so many are still open."""
        ...

    def failed(self, failure: Failure) -> None:
        """A worker failed, and the failure is on disk."""
        ...

    def warned(self, text: str) -> None:
        """There is something that the user should know."""
        ...


class BudgetSpentError(Exception):
    """The time allowed for the run is over."""


class Passes:
    """The passes of one invocation."""

    def __init__(  # noqa: PLR0913 - one per collaborator
        self,
        bundle: Bundle,
        plan: Plan,
        options: Options,
        *,
        writer: SessionWriter,
        crew: Crew,
        tally: Tally,
        observer: Observer,
        stop: Stop,
        given_up: set[str],
        paired: Container[str],
        deadline_s: float | None,
        conditions: Callable[[bool], Conditions],
        invocation: int,
    ) -> None:
        self._bundle = bundle
        self._plan = plan
        self._options = options
        self._writer = writer
        self._crew = crew
        self._tally = tally
        self._observer = observer
        self._stop = stop
        self._given_up = given_up
        self._paired = paired  # cases whose four arms do not fit memory together
        self._deadline_s = deadline_s
        self._conditions = conditions  # True: all of it; False: what can be read before and after every block
        self._invocation = invocation
        self._failures: collections.Counter[str] = collections.Counter()
        self._uncosted: set[str] = set()

    def run(self) -> EndReason:
        """Make all passes, until every case is decided. Returns why they ended."""
        reason = EndReason.COMPLETE
        last = 0
        self._judge()
        self._tell_plan()
        try:
            for pass_index in range(self._options.passes):
                if any(not self._tally.is_measured(case, pass_index) for case in self._open()):
                    last = pass_index
                    self._note_conditions(pass_index)
                    self._pass(pass_index)
                    self._judge()
        except StopRequestedError:
            reason = EndReason.INTERRUPTED
        except BudgetSpentError:
            reason = EndReason.BUDGET
        self._note_conditions(last, is_end=True)
        return reason

    def _note_conditions(self, pass_index: int, *, is_end: bool = False) -> None:
        state = self._conditions(True)  # noqa: FBT003
        self._observer.conditions(state)
        self._writer.append(
            ConditionsRecord(pass_index=pass_index, conditions=state, invocation=self._invocation, is_end=is_end)
        )

    def _open(self) -> list[str]:
        """The cases that are neither decided nor given up."""
        closed = self._given_up | set(self._tally.decided)
        return [planned.case.id for planned in self._plan.cases if planned.case.id not in closed]

    def _tell_plan(self) -> None:
        done = self._tally.blocks
        open_ = self._open()
        self._observer.planned(blocks=done + self._tally.left(open_), done=done, open_cases=len(open_))

    def _judge(self) -> None:
        news = self._tally.judge()
        if news:
            self._observer.decided(news, open_cases=len(self._open()))
            self._tell_plan()

    def _pass(self, pass_index: int) -> None:
        seed = self._options.seed
        closed = self._given_up | set(self._tally.decided)
        for team in team_order(self._plan, seed=seed, pass_index=pass_index):
            cases = [
                planned
                for planned in case_order(self._plan, team, seed=seed, pass_index=pass_index, leave_out=closed)
                if not self._tally.is_measured(planned.case.id, pass_index)
            ]
            if cases:
                self._work(team, cases, pass_index)

    def _work(self, team: Team, cases: list[PlannedCase], pass_index: int) -> None:
        open_ = [case for case in self._open() if self._tally.teams[case] == team]
        designs = self._tally.designs(team, open_, pass_index=pass_index)
        # Costs first: their processes are forked from a worker that has not loaded anything yet
        costed = [planned for planned in cases if self._is_to_be_costed(planned, pass_index)]
        jobs = collections.deque(Job(planned, Stage.COST) for planned in costed)
        jobs.extend(Job(planned, Stage.MEASURE) for planned in cases)

        def act(worker: Worker | ForkedWorker, job: Job) -> str | None:
            self._check_time()
            if job.stage is Stage.COST:
                return self._cost(worker, job.planned, pass_index)
            return self._measure(worker, job, pass_index, designs[job.planned.case.id], jobs)

        def started(seconds: float) -> None:
            start = Start(runtime=team.runtime, threads=team.threads, pass_index=pass_index, start_s=seconds)
            self._writer.append(start)
            self._tally.add_start(start)

        self._crew.work(jobs, act=act, fail=self._note_failure, started=started, pass_index=pass_index)

    def _is_to_be_costed(self, planned: PlannedCase, pass_index: int) -> bool:
        case = planned.case
        is_twin = case.weights is Weights.COLD and Weights.WARM in self._options.weights  # the same files, warm
        return (
            pass_index < self._options.cost_passes
            and case.control is Control.NONE
            and not is_twin
            and case.id not in self._uncosted
            and not self._tally.is_costed(case.id, pass_index)
        )

    def _check_time(self) -> None:
        if self._stop.signal is not None:
            raise StopRequestedError
        if self._deadline_s is not None and time.monotonic() > self._deadline_s:
            raise BudgetSpentError

    def _cost(self, worker: Worker | ForkedWorker, planned: PlannedCase, pass_index: int) -> str | None:
        reply = worker.request(
            CostRequest(
                subject=planned.subject_in(self._bundle),
                seed=block_seed(planned.case, seed=self._options.seed, pass_index=pass_index),
            )
        )
        if isinstance(reply, Rejection):
            return reply.message
        assert isinstance(reply, CostTimes)
        cost = Cost(case=planned.case.id, pass_index=pass_index, arms=reply.arms)
        self._writer.append(cost)
        self._tally.add_cost(cost)
        return None

    def _measure(
        self, worker: Worker | ForkedWorker, job: Job, pass_index: int, design: Design, jobs: collections.deque[Job]
    ) -> str | None:
        planned, options = job.planned, self._options
        case = planned.case
        before = self._conditions(False)  # noqa: FBT003
        arms_at_once = min(ARMS_AT_ONCE) if case.id in self._paired else max(ARMS_AT_ONCE)
        slower = {WeightLayout.IN_OUT: options.slowdown_percent} if case.control is Control.SLOWER else {}
        reply = worker.request(
            BlockRequest(
                subject=planned.subject_in(self._bundle),
                seed=block_seed(case, seed=options.seed, pass_index=pass_index, attempt=job.attempt),
                sets=design.sets,
                rounds=design.rounds,
                slice_ns=round(options.slice_s * 1e9),
                eviction_bytes=options.eviction_bytes if case.weights is Weights.COLD else 0,
                extra_percent=slower,
                arms_at_once=arms_at_once,
            )
        )
        if isinstance(reply, Rejection):
            return reply.message
        assert isinstance(reply, BlockTimes)
        after = self._conditions(False)  # noqa: FBT003
        marks = disturbances(reply.noise, threads=case.threads, canaries=self._tally.canaries)
        block = Block(
            case=case.id,
            pass_index=pass_index,
            attempt=job.attempt,
            at_s=before.at_s,
            sets=reply.sets,
            noise=reply.noise,
            disturbed_by=(*marks, *changes(before, after)),
            arms_at_once=arms_at_once,
        )
        self._writer.append(block)
        if block.disturbed_by and job.attempt + 1 < MAX_ATTEMPTS and self._tally.grant_repeat():
            jobs.append(Job(planned, Stage.MEASURE, job.attempt + 1))
        self._tally.add_block(block)
        self._observer.conditions(after)
        self._observer.measured(block, self._tally.standing(case.id))
        return None

    def _note_failure(self, failure: Failure) -> None:
        self._writer.append(failure)
        self._observer.failed(failure)
        if failure.stage is Stage.COST and failure.case is not None:
            self._uncosted.add(failure.case)
            return
        for case in failed_cases(failure, self._plan):
            self._failures[case] += 1
            if self._failures[case] >= MAX_FAILURES:
                self._given_up.add(case)
                self._tell_plan()


def failed_cases(failure: Failure, plan: Plan) -> list[str]:
    """The cases a failure strikes: its own, or all of a team that does not even start."""
    if failure.case is not None:
        return [failure.case]
    return [planned.case.id for planned in plan.cases if planned.case.team == failure.team]
