"""Makes a virtual environment with this tool in it, once. Sent as text, with the wheels as tar on standard input.

The environment is whole when its stamp is there: what was cut off before is made anew. Two calls wait for each other.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

MARKER = ".layout-profiler"
STAMP = "installed"
RUN_LOCK = "run.lock"
LOCK_LIMIT_S = 1200
POLL_S = 0.5
LAST_WORDS = 12


def main() -> None:
    """Install what the job names, and print what went wrong as JSON."""
    job = json.loads(sys.argv[2])
    try:
        answer = {"error": install(job)}
    except OSError as error:
        answer = {"error": f"{error.filename or job['base']}: {error.strerror or error}"}
    print(json.dumps(answer))  # noqa: T201 - the answer


def install(job: dict[str, Any]) -> str | None:
    """Make the environment, unless it is there. Returns what went wrong, None if nothing did."""
    base = Path(job["base"])
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    (base / MARKER).touch()
    folder = base / "tools" / job["key"]
    folder.parent.mkdir(exist_ok=True)
    with (base / "install.lock").open("w") as lock:
        if not take(lock.fileno()):
            return f"another call has been installing on this board for {LOCK_LIMIT_S // 60} minutes"
        if (folder / STAMP).exists():
            return None
        shutil.rmtree(folder, ignore_errors=True)
        wheels, scratch = folder / "wheels", folder / "tmp"
        scratch.mkdir(parents=True)  # beside it: pip unpacks there, and /tmp of a board may be small
        wheels.mkdir()
        problem = unpack(wheels) or make(folder, job, wheels, scratch)
        if problem is None:
            (folder / STAMP).write_text("")
            remove_others(base, folder)
        shutil.rmtree(folder if problem else wheels, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)
        return problem


def take(descriptor: int) -> bool:
    """Take the lock, waiting for it if need be; the process that holds it may be one whose connection is gone."""
    end = time.monotonic() + LOCK_LIMIT_S
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_S)
        else:
            return True
    return False


def remove_others(base: Path, folder: Path) -> None:
    """Remove what was installed before, for want of room, unless a run uses it."""
    with (base / RUN_LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)


def unpack(folder: Path) -> str | None:
    """Write the files of the tar, which are files of one folder."""
    try:
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file is None or Path(member.name).name != member.name:
                    return "the wheels did not arrive whole"
                with (folder / member.name).open("wb") as target:
                    shutil.copyfileobj(file, target)
    except tarfile.TarError:
        return "the wheels did not arrive whole"
    return None


def make(folder: Path, job: dict[str, Any], wheels: Path, scratch: Path) -> str | None:
    """Make the environment and install everything into it. Returns what went wrong, None if nothing did."""
    venv = folder / "venv"
    personality = ["linux32"] if job["linux32"] else []  # or pip takes a 32-bit system for the kernel's 64 bits
    python = str(venv / "bin" / "python")
    pip = [*personality, python, "-m", "pip", "install", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
    pip += ["--quiet", "--no-index", "--find-links", str(wheels)] if job["offline"] else ["--quiet", "--prefer-binary"]
    if (wheels / "constraints.txt").exists():
        pip += ["--constraint", str(wheels / "constraints.txt")]
    for command in (
        [sys.executable, "-m", "venv", str(venv)],
        [*pip, str(wheels / job["wheel"])],
        [python, "-P", "-m", "profiler", "--version"],
    ):
        problem = call(command, scratch)
        if problem:
            return problem
    return None


def call(command: list[str], scratch: Path) -> str | None:
    """Run a command. Returns its last words if it failed, None otherwise."""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )
    if done.returncode == 0:
        return None
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    words = [line for line in lines if line.startswith("ERROR")] or lines or ["it said nothing"]
    return f"status {done.returncode}: " + " ".join(words[-LAST_WORDS:])


if __name__ == "__main__":
    main()
