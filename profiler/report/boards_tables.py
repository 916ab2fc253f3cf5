"""Boards side by side as text: one table per group of cases, shared by the terminal and Markdown."""

from collections.abc import Sequence

from profiler.base.record import Record
from profiler.judge.boards import Agreement, SideBySide
from profiler.judge.records import Estimate, Verdict
from profiler.report.case_text import group_title, grouped
from profiler.report.document import Report

MAX_WORDED = 3  # boards whose verdicts fit a terminal in words; beyond, a mark stands for each
MARKS = {Verdict.PAYS_OFF: "+", Verdict.COSTS: "-", Verdict.EQUAL: "=", Verdict.UNDECIDED: "?"}
MARKS_LEGEND = "+ pays off, - costs, = equal, ? undecided, . not measured there"
ABSENT = "."
_AGREEMENTS = {Agreement.FLIPS: "SIGN FLIPS", Agreement.ONE_BOARD: "one only"}


class BoardsTable(Record, frozen=True, kw_only=True):
    """The cases of one group: a head, and a line per case."""

    title: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def boards_legend(report: Report) -> list[str]:
    """A line for each board: the number that the tables know it by, its name, and when it was measured."""
    return [
        f"[{number}] {board}, measured {summary.created_utc}"
        for number, (board, summary) in enumerate(zip(report.boards, report.sessions, strict=True), start=1)
    ]


def boards_tables(report: Report) -> list[BoardsTable]:
    """A table per group; verdicts in words, or as marks where boards are many."""
    head = ("layer", "batch", *(f"[{number}]" for number in range(1, len(report.boards) + 1)), "boards")
    is_worded = len(report.boards) <= MAX_WORDED
    return [
        BoardsTable(title=title, head=head, lines=tuple(_line(case, is_worded=is_worded) for case in cases))
        for title, cases in grouped(report.side_by_side, group_title)
    ]


def _line(case: SideBySide, *, is_worded: bool) -> tuple[str, ...]:
    cells = [
        _cell(verdict, speedup, is_worded=is_worded)
        for verdict, speedup in zip(case.verdicts, case.speedups, strict=True)
    ]
    return (case.title, case.batch, *cells, _AGREEMENTS.get(case.agreement, case.agreement.value))


def _cell(verdict: Verdict | None, speedup: Estimate | None, *, is_worded: bool) -> str:
    if verdict is None:
        return ABSENT
    ratio = f"{speedup.point:.2f}" if speedup else "-"
    return f"{verdict.value} {ratio}" if is_worded else f"{ratio} {MARKS[verdict]}"


def boards_note(boards: Sequence[str]) -> str:
    """How the tables of boards side by side are to be read."""
    legend = "" if len(boards) <= MAX_WORDED else f" {MARKS_LEGEND}."
    return (
        "Verdict and speedup, time([in, out]) / time([out, in]), of each board; intervals are in its own report below."
        f"{legend} Boards agree where all that have the case decided alike: an undecided verdict neither agrees nor "
        "differs."
    )
