"""This project: its command line with a control of known answer, and the comparison of its report.

As people use it: looks after 8, 12, 16, 24 and 32 passes, and an end as soon as the case is decided. Besides the
verdict with its margin of 3 %, the question that the others answer: does the interval leave 0 out?
"""

import subprocess
import sys
import time
from pathlib import Path

from profiler.judge.rows import compare_session
from profiler.judge.statistics import log
from profiler.session.file import load_session
from scripts.evidence.side_by_side.pairs import Request
from scripts.evidence.side_by_side.results import Answer, NotDrivenError

RULES = ("ours, margin 3 %", "ours, interval only")


def start(request: Request) -> None:
    """Run a single pass."""
    run(request, "--passes", "1")


def measure(request: Request) -> list[Answer]:
    """Run until the budget ends; it is looked at between passes, so that on average half a pass comes on top."""
    budget_s = max(0.1, request.deadline_s - time.monotonic() - request.start_s / 2)
    return answers_of(run(request, "--budget", f"{budget_s:.3f}s"), RULES)


def run(request: Request, *arguments: str) -> Path:
    """Run a control of this pair. Returns the session."""
    session = Path(request.folder) / "session.jsonl"
    control = ["--slower", f"{request.percent}%"] if request.percent else ["--identical"]
    command = [sys.executable, "-m", "profiler", "run", request.bundle, "-o", str(session), "-q", "--force"]
    command += ["--runtime", request.pair.runtime, *control, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotDrivenError((done.stderr.strip() or "it failed without a word").splitlines()[-1])
    return session


def answers_of(session: Path, rules: tuple[str, str]) -> list[Answer]:
    """The verdict's answer, and the interval's."""
    (comparison,) = compare_session(load_session(session))
    speedup = comparison.speedup
    ends = (log(speedup.point), log(speedup.low), log(speedup.high)) if speedup else (None, None, None)
    verdicts = {
        rules[0]: comparison.verdict.value in {"pays off", "costs"},
        rules[1]: speedup is not None and not speedup.low <= 1 <= speedup.high,
    }
    return [
        Answer(rule=rule, is_different=is_different, point=ends[0], low=ends[1], high=ends[2])
        for rule, is_different in verdicts.items()
    ]
