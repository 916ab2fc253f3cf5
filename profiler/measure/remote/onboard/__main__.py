"""`python -m profiler.measure.remote.onboard NAME JOB`: does a job on the board and prints its answer."""

import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from profiler.base.errors import ProfilerError
from profiler.measure.remote import messages
from profiler.measure.remote.onboard import follow, runs, store

JOBS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "missing": (messages.BundleJob, store.missing),
    "receive": (messages.BundleJob, store.receive),
    "state": (messages.Place, runs.state),
    "start": (messages.RunJob, runs.start),
    "stop": (messages.Place, runs.stop),
    "discard": (messages.Place, runs.discard),
    "follow": (messages.FollowJob, follow.follow),
    "session": (messages.Place, runs.session),
}


def main() -> int:
    """Do the job that the command line names, and print its answer: an error where it goes wrong."""
    job_type, act = JOBS[sys.argv[1]]
    try:
        answer = act(msgspec.json.decode(sys.argv[2].encode(), type=job_type))
    except ProfilerError as error:
        answer = {"error": str(error)}
    except BrokenPipeError:  # nobody listens any more
        return 1
    except OSError as error:
        answer = {"error": f"{error.filename or 'the board'}: {error.strerror or error}"}
    if answer is not None:
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(msgspec.to_builtins(answer)), flush=True)  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
