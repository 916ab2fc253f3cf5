"""Works through cases in a worker; when one dies, its death is told and a new one goes on with what is left."""

import collections
import random
from collections.abc import Callable, Sequence

from profiler.measure.child import Worker, WorkerDiedError
from profiler.measure.messages import Started
from profiler.measure.plan import PlannedCase
from profiler.records import Failure, Options, Stage
from profiler.signals import Stop

Act = Callable[[Worker, PlannedCase], str | None]
Fail = Callable[[Failure], None]


class Crew:
    """Starts the workers of a run, all with the same options."""

    def __init__(self, options: Options, stop: Stop) -> None:
        self._options = options
        self._stop = stop
        self._random = random.Random()  # sizes of environments: never the same twice, not even on --resume

    def work(
        self, cases: Sequence[PlannedCase], *, act: Act, fail: Fail, stage: Stage, pass_index: int | None = None
    ) -> None:
        """Do something with every case of one runtime, in a single worker as long as none dies.

        Args:
            cases: what to work through, all of the same runtime.
            act: talks to the worker about a case; returns what is wrong, None if nothing is.
            fail: is told of every failure: a case's, or (without a case) that of a worker that could not start,
                which ends the work.
            stage: where a failure happens.
            pass_index: the pass it happens in.

        Raises:
            StopRequestedError: the run shall end.
        """
        left = collections.deque(cases)
        while left:
            current: PlannedCase | None = None
            with self._start(cases[0].case.runtime) as worker:
                try:
                    started = worker.start()
                    if not isinstance(started, Started):
                        fail(_failure(cases[0], None, Stage.START, pass_index, started.message))
                        return
                    while left:
                        current = left.popleft()
                        problem = act(worker, current)
                        if problem is not None:
                            fail(_failure(current, current.case.id, stage, pass_index, problem))
                except WorkerDiedError as death:
                    case = current.case.id if current else None
                    fail(_failure(cases[0], case, stage if current else Stage.START, pass_index, death.message, death))
                    if current is None:
                        return

    def _start(self, runtime: str) -> Worker:
        return Worker(
            runtime,
            threads=self._options.threads,
            cpus=self._options.cpus,
            stop=self._stop,
            generator=self._random,
        )


def _failure(
    planned: PlannedCase,
    case: str | None,
    stage: Stage,
    pass_index: int | None,
    message: str,
    death: WorkerDiedError | None = None,
) -> Failure:
    return Failure(
        runtime=planned.case.runtime,
        case=case,
        stage=stage,
        pass_index=pass_index,
        signal=death.exit_signal if death else None,
        exit_status=death.exit_status if death else None,
        message=message,
        stderr_tail=death.stderr_tail if death else "",
    )
