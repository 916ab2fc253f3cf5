"""Removes everything that this tool keeps on a board. Sent as text, for a Python without this package."""

import fcntl
import json
import shutil
import sys
from pathlib import Path

MARKER = ".layout-profiler"
RUN_LOCK = "run.lock"


def main() -> None:
    """Clean the folder that the job names, and print what went wrong as JSON."""
    base = Path(json.loads(sys.argv[2])["base"])
    try:
        answer = {"error": clean(base)}
    except OSError as error:
        answer = {"error": f"{error.filename or base}: {error.strerror or error}"}
    print(json.dumps(answer))  # noqa: T201 - the answer


def clean(base: Path) -> str | None:
    """Remove the folder with all that is in it. Returns what stands against that, None if all is gone."""
    if not base.exists():
        return None
    if not (base / MARKER).exists():
        return f"{base} was not made by this program"
    with (base / RUN_LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "a run is going on there"
        for entry in base.iterdir():
            if entry.name != MARKER:  # the marker last: what was cut off can be cleaned again
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        shutil.rmtree(base)
    if base.parent.name == "layout-profiler" and not any(base.parent.iterdir()):
        base.parent.rmdir()
    return None


if __name__ == "__main__":
    main()
