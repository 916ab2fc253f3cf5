"""This project again, but with one look at the end of the time instead of ending early: its narrowest interval."""

import time

from scripts.evidence.side_by_side.methods.ours import answers_of, run, start
from scripts.evidence.side_by_side.pairs import Request
from scripts.evidence.side_by_side.results import Answer

__all__ = ["measure", "start"]
RULES = ("ours to the end, margin 3 %", "ours to the end, interval only")
MORE_THAN_FIT = 1000


def measure(request: Request) -> list[Answer]:
    """Run until the budget ends; it is looked at between blocks, so that on average half a pass comes on top."""
    budget_s = max(0.1, request.deadline_s - time.monotonic() - request.start_s / 2)
    return answers_of(run(request, "--looks", str(MORE_THAN_FIT), "--budget", f"{budget_s:.3f}s"), RULES)
