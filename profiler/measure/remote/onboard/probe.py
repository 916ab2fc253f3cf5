"""Says what a board is, as one line of JSON. Sent as text; for any Python from 3.7 on."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import time

NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")
QUESTION = """
import sys
try:
    import ensurepip, venv
except ImportError:
    print(*sys.version_info[:3], 0)
else:
    print(*sys.version_info[:3], 1)
"""
ANSWER_WORDS = 4
RUN_LOCK = "run.lock"
MARKER = ".layout-profiler"
STAMP = "installed"


def main() -> None:
    """Print as JSON what this board is, and what of ours is on it."""
    job = json.loads(sys.argv[2])
    base = base_folder(job["base"])
    wanted = [job["python"]] if job["python"] else [sys.executable, *NAMES]
    total, available = memory()
    answer = {
        "base": base,
        "base_problem": base_problem(base),
        "bits": struct.calcsize("P") * 8,
        "free_bytes": free_bytes(base),
        "has_linux32": shutil.which("linux32") is not None,
        "libc": " ".join(platform.libc_ver()).strip(),
        "machine": platform.machine(),
        "memory_available_bytes": available,
        "memory_total_bytes": total,
        "pythons": [found for found in map(look_at, dict.fromkeys(wanted)) if found],
        "running": running(base),
        "system": platform.system(),
        "tools": tools(base),
        "utc_s": time.time(),
    }
    print(json.dumps(answer))  # noqa: T201 - the answer


def base_folder(asked: str) -> str:
    """The folder in which everything of ours lies on this board."""
    if asked:
        return os.path.abspath(os.path.join(os.path.expanduser("~"), os.path.expanduser(asked)))  # noqa: PTH100, PTH111, PTH118
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # noqa: PTH117
        cache = os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    return os.path.join(cache, "layout-profiler", "remote")  # noqa: PTH118


def base_problem(base: str) -> str | None:
    """Why that folder cannot be used, None if it can."""
    if not os.path.lexists(base):
        above = existing(base)
        return None if os.path.isdir(above) and os.access(above, os.W_OK) else f"{above} cannot be written"  # noqa: PTH112
    if os.path.islink(base) or not os.path.isdir(base):  # noqa: PTH112, PTH114
        return f"{base} is no folder"
    if not os.access(base, os.R_OK | os.W_OK | os.X_OK):
        return f"{base} cannot be written"
    if os.listdir(base) and not os.path.exists(os.path.join(base, MARKER)):  # noqa: PTH110, PTH118, PTH208
        return f"{base} holds files that were not made by this program"
    return None


def existing(path: str) -> str:
    """The nearest folder above a path that exists, or itself."""
    while not os.path.exists(path):  # noqa: PTH110
        path = os.path.dirname(path)  # noqa: PTH120
    return path


def free_bytes(base: str) -> int:
    """What an ordinary user may still write there."""
    disk = os.statvfs(existing(base))
    return disk.f_bavail * disk.f_frsize


def memory() -> tuple[int | None, int | None]:
    """Total and available memory in bytes."""
    found = {}
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123
        for line in file:
            words = line.split()
            found[words[0]] = int(words[1]) * 1024
    return found.get("MemTotal:"), found.get("MemAvailable:")


def look_at(python: str) -> dict[str, object] | None:
    """A Python's version, and whether it can make virtual environments with pip in them."""
    path = shutil.which(python)
    if path is None:
        return None
    try:
        answer = subprocess.run([path, "-I", "-c", QUESTION], stdout=subprocess.PIPE, timeout=60, check=True)
        words = [int(word) for word in answer.stdout.split()]
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if len(words) != ANSWER_WORDS:
        return None
    return {"path": path, "version": words[:3], "has_venv": bool(words[3])}


def tools(base: str) -> list[str]:
    """The keys of what is installed whole."""
    folder = os.path.join(base, "tools")  # noqa: PTH118
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
    return [name for name in names if os.path.exists(os.path.join(folder, name, STAMP))]  # noqa: PTH110, PTH118


def running(base: str) -> list[str] | None:
    """The run and the tool that hold the lock of this board, None if nothing runs."""
    import fcntl  # not on Windows, which shall still be told by its name

    try:
        file = open(os.path.join(base, RUN_LOCK), encoding="ascii")  # noqa: PTH118, PTH123, SIM115
    except OSError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return file.read(100).split()
    return None


if __name__ == "__main__":
    main()
