#!/usr/bin/env python3
"""Prints what every installed runtime executes for each stored layout, as a Markdown table.

Usage: .venv/bin/python scripts/evidence/executed_layouts.py

A 64x64 layer is exported in both forms, and every runtime is asked in a process of its own what it makes of it: the
checks of a run of one pass. Needs the extra `torch`; runtimes that are not installed are left out.

Last printed 2026-11-25 with the versions named there, in the README under "What runtimes make of a file"; on which
machine nobody noted.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from profiler.artifacts.records import Form
from profiler.models.layout import WeightLayout
from profiler.report.case_text import executed_text
from profiler.runtimes import RUNTIMES
from profiler.session.file import load_session
from profiler.session.records import ArmTruth

COMMAND = [sys.executable, "-m", "profiler"]
HEAD = ("runtime", "form", "a file that stores [out, in] executes", "a file that stores [in, out] executes")


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
        case, arms = cases[check.case], {arm.layout: becomes(arm) for arm in check.arms}
        print(f"| {case.runtime} | {case.form} | {' | '.join(arms[layout] for layout in WeightLayout)} |")


def becomes(arm: ArmTruth) -> str:
    """The executed layout and operator, with what the runtime made anew."""
    found = arm.executed
    assert arm.stored_layout is arm.layout, "a 2-D input keeps every layout as it was asked for"
    notes = [found.rewritten] if found.rewritten else []
    notes += [f"{found.extra_copies} copy beside"] if found.extra_copies else []
    said = f" ({'; '.join(notes)})" if notes else ""
    return f"{executed_text(found)}, `{found.operator}`{said}"


if __name__ == "__main__":
    main()
