#!/usr/bin/env python3
"""Prints what every installed runtime executes for each stored layout, as a Markdown table.

Usage: .venv/bin/python scripts/executed_layouts.py

A 64x64 layer is exported in both forms, and every runtime is asked in a process of its own what it makes of it: the
checks of a run of one pass. Needs the extra `torch`; runtimes that are not installed are left out.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from profiler.records import Case, Check, Form
from profiler.report.cells import executed_text
from profiler.runtimes import RUNTIMES
from profiler.session import load_session

COMMAND = [sys.executable, "-m", "profiler"]
HEAD = ("runtime", "form", "asked for", "stored", "executed", "operator", "rewritten", "copies beside")


def main() -> None:
    """Export, check and print."""
    print(f"| {' | '.join(HEAD)} |")
    print("|---" * len(HEAD) + "|")
    with tempfile.TemporaryDirectory() as folder:
        bundle, path = f"{folder}/bundle", f"{folder}/session.jsonl"
        shape = ["--in-features", "64", "--out-features", "64", "--batch", "1"]
        subprocess.run([*COMMAND, "export", *shape, "-q", "-o", bundle], check=True, stdout=subprocess.DEVNULL)
        runtimes = [f"--runtime={info.name}" for info in RUNTIMES if info.is_installed]
        forms = [f"--form={form}" for form in Form]
        run = [*COMMAND, "run", bundle, "-q", "-o", path, "--passes", "1", "--no-measure", *runtimes, *forms]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        session = load_session(Path(path))
    cases = {case.id: case for case in session.header.cases}
    for check in session.checks:
        for row in rows(cases[check.case], check):
            print(f"| {' | '.join(row)} |")


def rows(case: Case, check: Check) -> Iterator[tuple[str, ...]]:
    """A line for each layout."""
    for arm in check.arms:
        found = arm.executed
        stored = arm.stored_layout.axes if arm.stored_layout else "a mix"
        copies = "not seen" if found.extra_copies is None else str(found.extra_copies)
        operator, rewritten = f"`{found.operator}`", found.rewritten or "-"
        yield case.runtime, case.form, arm.layout.axes, stored, executed_text(found), operator, rewritten, copies


if __name__ == "__main__":
    main()
