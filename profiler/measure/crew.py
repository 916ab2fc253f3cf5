"""Works through jobs in a worker; when one dies, its death is told and a new one goes on with what is left."""

import collections
import contextlib
import random
from collections.abc import Callable, Iterator

from profiler.base.death import ChildError, Death
from profiler.base.signals import Stop
from profiler.measure.handle import ForkedWorker, Worker, message_of
from profiler.measure.messages import Ready
from profiler.measure.plan import Job, PlannedCase
from profiler.session.records import Failure, Options, Stage, Team

Act = Callable[[Worker | ForkedWorker, Job], str | None]
Fail = Callable[[Failure], None]


class Crew:
    """Starts the workers of a run, all with the same options."""

    def __init__(self, options: Options, stop: Stop) -> None:
        self._options = options
        self._stop = stop
        self._nurseries: dict[Team, Worker] = {}
        self._random = random.Random()  # sizes of environments: never the same twice, not even on --resume

    def work(
        self,
        jobs: collections.deque[Job],
        *,
        act: Act,
        fail: Fail,
        started: Callable[[float], None] = lambda _: None,
        pass_index: int | None = None,
    ) -> None:
        """Do all jobs of one team, in a single worker as long as none dies.

        Args:
            jobs: what to do, all of one team. `act` may add to them.
            act: talks to the worker about a job; returns what is wrong, None if nothing is.
            fail: is told of every failure: a case's, or (without a case) that of a worker that could not start,
                which ends the work.
            started: is told how many seconds a worker took to start.
            pass_index: the pass that all this belongs to.

        Raises:
            StopRequestedError: the run shall end.
        """
        first = jobs[0].planned if jobs else None
        while jobs and first is not None:
            current: Job | None = None
            try:
                with self._worker(first.case.team) as worker:
                    reply = worker.start()
                    if not isinstance(reply, Ready):
                        fail(_failure(first, None, Stage.START, pass_index, reply.message))
                        return
                    started(worker.age_s)
                    while jobs:
                        current = jobs.popleft()
                        problem = act(worker, current)
                        if problem is not None:
                            case = current.planned.case.id
                            fail(_failure(current.planned, case, current.stage, pass_index, problem))
            except ChildError as error:
                case_id, stage = (current.planned.case.id, current.stage) if current else (None, Stage.START)
                fail(_failure(first, case_id, stage, pass_index, message_of(error), error.death))
                if current is None:
                    return

    def close(self) -> None:
        """End the nurseries from which workers were forked."""
        for team in list(self._nurseries):
            self._leave(team)

    @contextlib.contextmanager
    def _worker(self, team: Team) -> Iterator[Worker | ForkedWorker]:
        if not self._options.forked:
            with self._start(team, is_nursery=False) as worker:
                yield worker
            return
        is_new = team not in self._nurseries
        if is_new:
            self._nurseries[team] = self._start(team, is_nursery=True)
        forked = ForkedWorker(self._nurseries[team], is_new=is_new)
        try:
            with forked:
                yield forked
        except BaseException:
            self._leave(team)
            raise
        if forked.is_over:
            self._leave(team)

    def _leave(self, team: Team) -> None:
        self._nurseries.pop(team).__exit__()

    def _start(self, team: Team, *, is_nursery: bool) -> Worker:
        return Worker(
            team.runtime,
            threads=team.threads,
            cpus=self._options.cpus,
            stop=self._stop,
            generator=self._random,
            is_nursery=is_nursery,
        )


def _failure(
    planned: PlannedCase,
    case: str | None,
    stage: Stage,
    pass_index: int | None,
    message: str,
    death: Death | None = None,
) -> Failure:
    return Failure(
        runtime=planned.case.runtime,
        threads=planned.case.threads,
        case=case,
        stage=stage,
        pass_index=pass_index,
        signal=death.signal if death else None,
        exit_status=death.exit_status if death else None,
        message=message,
        stderr_tail=death.said if death else "",
    )
