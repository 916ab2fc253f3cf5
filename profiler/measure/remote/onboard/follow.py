"""Prints a run's log as it grows, until the run ends or nobody listens any more."""

import select
import sys
from pathlib import Path

from profiler.measure.remote.messages import FollowJob
from profiler.measure.remote.onboard.lock import holder
from profiler.measure.remote.onboard.runs import LOG, run_folder

POLL_S = 0.5  # seldom, since this shares the CPU with what is measured


def follow(job: FollowJob) -> None:
    """Print the log of the job's run as it is, from the job's offset on."""
    log = run_folder(job.base, job.run) / LOG
    offset = job.offset_bytes
    while True:
        is_over = (holder(Path(job.base)) or [""])[0] != job.run  # before the log is read: none of it is missed
        with log.open("rb") as file:
            file.seek(offset)
            text = file.read()
        offset += len(text)
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
        if is_over or _is_alone():
            return


def _is_alone() -> bool:
    """Wait a little, and say whether the connection is gone: standard input stays open for as long as it is there."""
    readable, _, _ = select.select([sys.stdin], [], [], POLL_S)
    return bool(readable) and not sys.stdin.buffer.read(1)
