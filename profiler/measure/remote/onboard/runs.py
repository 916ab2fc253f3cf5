"""Starts a run that needs no connection, tells how it stands, ends it.

A shell keeps it, since a second Python would take memory from a small board. It leaves its own number, for `stop`, and
the run's exit status, which is written over a file that was made at the start: on a full disk there is still room.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from profiler.base.errors import OutputError
from profiler.measure.remote.messages import Done, Place, RunJob, RunState, Standing
from profiler.measure.remote.onboard.lock import free_lock, holder
from profiler.measure.remote.onboard.store import bundle_folder

SESSION = "session.jsonl"
LOG = "log"
_EXIT = "exit"
_PID = "pid"
_NO_STATUS = "---\n"
# `trap :` and not `trap ''`: what is ignored here would be ignored by the run as well
_KEEPER = """
trap : TERM INT HUP
echo $$ > pid
"$@"
printf '%03d\\n' $? 1<>exit
"""
_STOP_LIMIT_S = 120.0
_KILL_LIMIT_S = 10.0
_POLL_S = 0.1
_WORDS_BYTES = 4000
_CHUNK_BYTES = 1 << 20


def run_folder(base: str, run: str) -> Path:
    """The folder of a run on this board."""
    return Path(base) / "runs" / run


def state(job: Place) -> Standing:
    """Whether a run goes on or how it ended, what it has written, and the room that is left on the disk."""
    folder = run_folder(job.base, job.run)
    going_on = holder(Path(job.base))  # before the status: one that ends meanwhile has left it
    status = _status(folder)
    if going_on is not None:
        found = RunState.RUNNING if going_on[:1] == [job.run] else RunState.BUSY
    elif not folder.exists():
        found = RunState.NONE
    else:
        found = RunState.DIED if status is None else RunState.ENDED
    disk = os.statvfs(folder if folder.exists() else job.base)
    return Standing(
        state=found,
        status=status if found is RunState.ENDED else None,
        session_bytes=_size_bytes(folder / SESSION),
        log_bytes=_size_bytes(folder / LOG) or 0,
        free_bytes=disk.f_bavail * disk.f_frsize,
        last_words=_last_words(folder),
    )


def start(job: RunJob) -> Standing:
    """Start a run, or go on with what it left, unless it goes on by itself."""
    base, folder = Path(job.base), run_folder(job.base, job.run)
    with free_lock(base) as lock:
        if lock is not None:
            folder.mkdir(parents=True, exist_ok=True)
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{job.run} {job.tool}\n".encode(), 0)
            (folder / _EXIT).write_text(_NO_STATUS)
            (folder / _PID).unlink(missing_ok=True)
            _detach(job, base, folder, lock)
    return state(Place(base=job.base, run=job.run))


def stop(job: Place) -> Standing:
    """End a run in order, as Ctrl-C would; one that does not end is killed."""
    folder = run_folder(job.base, job.run)
    for number, limit_s in ((signal.SIGTERM, _STOP_LIMIT_S), (signal.SIGKILL, _KILL_LIMIT_S)):
        end = time.monotonic() + limit_s
        is_told = False
        while time.monotonic() < end:
            if (holder(Path(job.base)) or [""])[0] != job.run:
                return state(job)
            # The lock is held, so the group with this number is the run's
            with contextlib.suppress(OSError, ValueError):
                group = int((folder / _PID).read_text())
                if not is_told and group > 1:
                    os.killpg(group, number)
                    is_told = True
            time.sleep(_POLL_S)
    raise OutputError("the run does not end; restart the board")


def discard(job: Place) -> Done:
    """Remove what a run left, unless it goes on."""
    with free_lock(Path(job.base)) as lock:
        if lock is not None:
            shutil.rmtree(run_folder(job.base, job.run), ignore_errors=True)
    return Done()


def session(job: Place) -> None:
    """Print the session of the job's run as it is now, whole lines or not."""
    with (run_folder(job.base, job.run) / SESSION).open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer, _CHUNK_BYTES)
    sys.stdout.buffer.flush()


def _detach(job: RunJob, base: Path, folder: Path, lock: int) -> None:
    scratch = base / "tmp"
    scratch.mkdir(exist_ok=True)
    measured = base / "measured"  # what `run` finds out of this board once per boot
    measured.mkdir(mode=0o700, exist_ok=True)
    path = folder / SESSION
    command = [sys.executable, "-P", "-m", "profiler", "run", str(bundle_folder(base, job.bundle)), "-o", str(path)]
    command += [*job.arguments, *(["--resume"] if path.exists() else [])]
    with (folder / LOG).open("ab") as log:
        subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "layout-profiler", *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(scratch), "XDG_RUNTIME_DIR": str(measured)},
        )


def _status(folder: Path) -> int | None:
    try:
        return int((folder / _EXIT).read_text())
    except (OSError, ValueError):
        return None


def _size_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _last_words(folder: Path) -> str:
    with contextlib.suppress(OSError), (folder / LOG).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _WORDS_BYTES))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:_WORDS_BYTES] if lines else ""
    return ""
