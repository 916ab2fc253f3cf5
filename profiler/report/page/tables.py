"""The tables of a page, in words: every case, what it costs to begin, and what is stored and executed."""

from collections import Counter

import msgspec

from profiler.base.record import Record
from profiler.judge.boards import Agreement
from profiler.judge.records import Row, Verdict
from profiler.models.layout import WeightLayout
from profiler.report.case_data import CaseData, case_data_of
from profiler.report.case_text import format_arm, limit_text, regime_text
from profiler.report.document import Report
from profiler.report.values import UNKNOWN, format_ratio, format_time
from profiler.session.records import Stage

NEXT_STEPS = {
    Stage.START: "see whether the runtime imports on this machine: a wheel may be built for newer cores",
    Stage.CHECK: "export the bundle again; if it stays, leave the runtime out with --runtime",
    Stage.COST: "nothing to do for the verdicts: load time and memory of this case are missing",
    Stage.MEASURE: "free memory or choose smaller layers, then continue with run --resume",
}  # fmt: skip
NAMED_CASES = 6


class Setting(Record, frozen=True, kw_only=True):
    """Which columns tell cases apart, besides layer, batch and runtime."""

    names: list[str]


class PageCase(Record, frozen=True, kw_only=True):
    """A case on the page. `number` is its place among all cases, which the script knows it by."""

    number: int
    point: CaseData
    row: Row
    settings: list[str]
    css: str
    why: str
    beside: str


class ExecutedText(Record, frozen=True, kw_only=True):
    """What one layout stores and executes, and how that is known."""

    layout: str
    path: str
    operator: str
    known_by: str
    rewritten: str
    extra_copies: str


class ExecutedGroup(Record, frozen=True, kw_only=True):
    """What some cases of one runtime store and execute alike; `texts` are the first one's."""

    runtime: str
    board: str
    cases: str
    why: str
    texts: tuple[ExecutedText, ...]
    others: str


class BoardsRow(Record, frozen=True, kw_only=True):
    """A case on several boards: of each its verdict and speedup in words, with the style of the verdict.

    `numbers` are its places among all cases, by which the script finds it.
    """

    numbers: str
    label: str
    cells: list[tuple[str, str, str]]
    agreement: str
    css: str


_SETTINGS = {"form": "form", "dtype": "type", "threads": "threads", "weights": "weights kept", "control": "control",
             "board": "machine"}  # fmt: skip


def page_cases(report: Report) -> tuple[Setting, list[PageCase]]:
    """Every case of the report, in its order, and the columns that they need."""
    points = case_data_of(report)
    rows = [row for summary in report.sessions for row in summary.rows]
    keys = [key for key in _SETTINGS if len({getattr(point, key) for point in points}) > 1]
    found = [
        PageCase(
            number=number,
            point=point,
            row=row,
            settings=[getattr(point, key) for key in keys],
            css=_css(row.verdict),
            why=sentence(row.cause),
            beside=_beside(row),
        )
        for number, (point, row) in enumerate(zip(points, rows, strict=True))
    ]
    return Setting(names=[_SETTINGS[key] for key in keys]), found


def boards_rows(report: Report) -> list[BoardsRow]:
    """Every case that several sessions have, board by board."""
    places = [(at, row.case.id) for at, summary in enumerate(report.sessions) for row in summary.rows]
    numbers = {place: number for number, place in enumerate(places)}
    return [
        BoardsRow(
            numbers=" ".join(str(numbers[place]) for place in enumerate(case.case_ids) if place in numbers),
            label=case.label,
            cells=[
                (verdict.value, format_ratio(speedup), _css(verdict)) if verdict else ("not measured", "", "")
                for verdict, speedup in zip(case.verdicts, case.speedups, strict=True)
            ],
            agreement=case.agreement.value,
            css=case.agreement.value.replace(" ", "-"),
        )
        for case in report.side_by_side
        if case.agreement is not Agreement.ONE_BOARD
    ]


def _css(verdict: Verdict) -> str:
    return verdict.value.replace(" ", "-")


def sentence(text: str) -> str:
    """Words as a sentence, with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _beside(row: Row) -> str:
    """What the calls are bound by, how near both layouts come to it, and the runtime's own part if it is most."""
    parts = [sentence(regime_text(row.regime))]
    if row.limit is not None:
        parts.append(f"[out, in] and [in, out] reach {limit_text(row.limit)}.")
    if row.overhead is not None and row.overhead.is_bound:
        own = format_time(row.overhead.time_s)
        parts.append(f"{100 * row.overhead.share:.0f} % of a call is the runtime's own ({own}).")
    return " ".join(parts)


def executed_groups(cases: list[PageCase]) -> list[ExecutedGroup]:
    """What is stored and executed: a group for all cases of a runtime in which that is the same."""
    found: dict[tuple[str, str, tuple[ExecutedText, ...], str], list[tuple[str, tuple[ExecutedText, ...]]]] = {}
    for case in cases:
        known = _executed_texts(case.row)
        alike = tuple(msgspec.structs.replace(text, known_by="") for text in known)  # it may name a case's strides
        key = (case.point.runtime, case.point.board, alike, case.why)
        found.setdefault(key, []).append((f"{case.point.layer} batch {case.row.batch}", known))
    groups = Counter((runtime, board) for runtime, board, *_ in found)
    return [
        ExecutedGroup(
            runtime=runtime,
            board=board,
            cases=_named([label for label, _ in members], is_all=groups[runtime, board] == 1),
            why=cause,
            texts=members[0][1],
            others="" if len({known for _, known in members}) == 1 else "; likewise in the other cases",
        )
        for (runtime, board, _, cause), members in found.items()
    ]


def _named(labels: list[str], *, is_all: bool) -> str:
    if is_all:
        return f"all {len(labels)} cases" if len(labels) > 1 else labels[0]
    shown = ", ".join(labels[:NAMED_CASES])
    return shown if len(labels) <= NAMED_CASES else f"{shown} and {len(labels) - NAMED_CASES} more"


def _executed_texts(row: Row) -> tuple[ExecutedText, ...]:
    """What is known of both layouts of a row."""
    return tuple(_executed_text(row, layout) for layout in WeightLayout)


def _executed_text(row: Row, layout: WeightLayout) -> ExecutedText:
    arm = row.arms[layout]
    executed = arm.executed
    copies = executed.extra_copies if executed else None
    return ExecutedText(
        layout=layout.axes,
        path=format_arm(arm, layout),
        operator=executed.operator if executed else UNKNOWN,
        known_by=executed.known_by if executed else UNKNOWN,
        rewritten=(executed.rewritten or "nothing") if executed else UNKNOWN,
        extra_copies=UNKNOWN if copies is None else str(copies),
    )
