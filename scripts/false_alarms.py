#!/usr/bin/env python3
"""Measures identical pairs: both layouts load the same file, so every verdict but equal or undecided is wrong.

Usage: .venv/bin/python scripts/false_alarms.py [RUNS] [SUITE]

Prints, per runtime, how often the verdicts were equal, undecided, and false alarms, with the exact 95 % interval of
their share. Unlike `layout-profiler selfcheck` it takes any suite, large layers included.
"""

import collections
import subprocess
import sys
import tempfile
from pathlib import Path

from profiler.judge.rows import compare_session
from profiler.judge.statistics import proportion_interval
from profiler.session.file import load_session

COMMAND = [sys.executable, "-m", "profiler"]


def main() -> None:
    """Print the figures."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    suite = sys.argv[2] if len(sys.argv) > 2 else "quick"  # noqa: PLR2004
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        bundle = f"{folder}/bundle"
        subprocess.run(
            [*COMMAND, "export", suite, "-q", "--form", "controlled", "-o", bundle],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for index in range(runs):
            session = Path(folder) / f"{index}.jsonl"
            command = [*COMMAND, "run", bundle, "-q", "--identical", "-o", str(session)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            for comparison in compare_session(load_session(session)):
                counts[comparison.case.runtime][comparison.verdict.value] += 1
            total = collections.Counter[str]()
            for counter in counts.values():
                total += counter
            print(f"after run {index + 1} of {runs}: {dict(total)}", file=sys.stderr, flush=True)
    print(f"{runs} runs of {suite}, identical pairs:")
    for runtime, counter in counts.items():
        alarms = counter["pays off"] + counter["costs"]
        low, high = proportion_interval(alarms, counter.total())
        verdicts = f"equal {counter['equal']}, undecided {counter['undecided']}, false alarms {alarms}"
        print(f"  {runtime:<22} {counter.total()} verdicts: {verdicts} [{low:.1%}, {high:.1%}]")


if __name__ == "__main__":
    main()
