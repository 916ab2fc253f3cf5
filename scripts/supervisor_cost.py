#!/usr/bin/env python3
"""Prints what the supervisor itself costs: its CPU time for planning, statistics and writing, as a share of a run.

Usage: .venv/bin/python scripts/supervisor_cost.py [SUITE] [--live]

The run takes place in this process; workers and their children are not counted. `quick` has 64 cases in all runtimes.
With --live it shows itself on a terminal of 80 columns that nobody looks at, else it is quiet.
"""

import contextlib
import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from profiler.commands import main as command_line
from profiler.session.file import load_session

_READER = "/bin/cat"


def main() -> None:
    """Print the figures."""
    is_live = "--live" in sys.argv
    suite = next((argument for argument in sys.argv[1:] if argument != "--live"), "quick")
    with tempfile.TemporaryDirectory() as name:
        bundle, path = f"{name}/bundle", Path(name) / "session.jsonl"
        _run("export", suite, "-q", "--form", "controlled", "-o", bundle)
        with _terminal() if is_live else contextlib.nullcontext():
            own_s, start_s = time.process_time(), time.perf_counter()
            _run("run", bundle, *([] if is_live else ["-q"]), "-o", str(path))
            own_s, whole_s = time.process_time() - own_s, time.perf_counter() - start_s
        session = load_session(path)
        size = path.stat().st_size
    print(f"{len(session.header.cases)} cases, {len(session.blocks)} blocks, {size / 1e6:.1f} MB of session")
    print(f"the run took {whole_s:.1f} s, the supervisor {own_s:.2f} s of CPU time: {own_s / whole_s:.2%}")


@contextlib.contextmanager
def _terminal() -> Iterator[None]:
    """Standard error is a terminal, which another process empties."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 80, 0, 0))
    os.environ.setdefault("TERM", "xterm-256color")
    with (
        subprocess.Popen([_READER], stdin=master, stdout=subprocess.DEVNULL) as reader,
        os.fdopen(slave, "w") as screen,
    ):
        with contextlib.redirect_stderr(screen):
            yield
        reader.terminate()


def _run(*arguments: str) -> None:
    """A command of the program in this process."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        command_line(list(arguments))


if __name__ == "__main__":
    main()
