#!/usr/bin/env python3
"""Prints what the supervisor itself costs: its CPU time for planning, statistics and writing, as a share of a run.

Usage: .venv/bin/python scripts/supervisor_cost.py [SUITE]

The run takes place in this process; workers and their children are not counted. `quick` has 64 cases in all runtimes.
"""

import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

from profiler.commands import main as command_line
from profiler.session import load_session


def main() -> None:
    """Print the figures."""
    suite = sys.argv[1] if len(sys.argv) > 1 else "quick"
    with tempfile.TemporaryDirectory() as name:
        bundle, path = f"{name}/bundle", Path(name) / "session.jsonl"
        _run("export", suite, "-q", "--form", "controlled", "-o", bundle)
        own_s, start_s = time.process_time(), time.perf_counter()
        _run("run", bundle, "-q", "-o", str(path))
        own_s, whole_s = time.process_time() - own_s, time.perf_counter() - start_s
        session = load_session(path)
        size = path.stat().st_size
    print(f"{len(session.header.cases)} cases, {len(session.blocks)} blocks, {size / 1e6:.1f} MB of session")
    print(f"the run took {whole_s:.1f} s, the supervisor {own_s:.2f} s of CPU time: {own_s / whole_s:.2%}")


def _run(*arguments: str) -> None:
    """A command of the program in this process."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        command_line(list(arguments))


if __name__ == "__main__":
    main()
