"""Boards side by side: the same case in several sessions, and whether their verdicts agree."""

import enum
from collections import Counter
from collections.abc import Sequence

from profiler.artifacts.records import Form
from profiler.base.record import Record
from profiler.judge.matching import CaseKey, keyed_cases
from profiler.judge.records import Estimate, Row, Verdict
from profiler.judge.warnings import Warning_, differences_between
from profiler.session.records import Control, Header, Weights

MAX_NAMED = 5  # sign flips that a sentence names; the table has all


class Agreement(enum.StrEnum):
    """What the verdicts of one case on several boards have in common.

    Only decided verdicts speak: boards agree when all that have the case decided alike, and differ when two decided
    otherwise. Everything else is undecided.
    """

    AGREE = "agree"
    FLIPS = "sign flips"
    DIFFERS = "differs"
    UNDECIDED = "undecided"
    ONE_BOARD = "one board only"


class SideBySide(Record, frozen=True, kw_only=True):
    """One case on several boards.

    `case_ids`, `verdicts` and `speedups` are aligned with the report's sessions, None where one does not have the case.
    `speedup` is time(in_out) / time(out_in): above 1 transposed storage pays off.
    """

    label: str
    runtime: str
    form: Form
    title: str
    batch: str
    dtype: str
    threads: int
    weights: Weights
    control: Control
    case_ids: tuple[str | None, ...]
    verdicts: tuple[Verdict | None, ...]
    speedups: tuple[Estimate | None, ...]
    agreement: Agreement


def agreement_of(verdicts: Sequence[Verdict | None]) -> Agreement:
    """Whether boards agree on a case; None where a board does not have it."""
    present = [verdict for verdict in verdicts if verdict is not None]
    decided = {verdict for verdict in present if verdict is not Verdict.UNDECIDED}
    if len(present) < 2:  # noqa: PLR2004 - it takes two to agree
        return Agreement.ONE_BOARD
    if {Verdict.PAYS_OFF, Verdict.COSTS} <= decided:
        return Agreement.FLIPS
    if len(decided) > 1:
        return Agreement.DIFFERS
    return Agreement.UNDECIDED if Verdict.UNDECIDED in present else Agreement.AGREE


def set_side_by_side(headers: Sequence[Header], rows: Sequence[Sequence[Row]]) -> tuple[SideBySide, ...]:
    """Every case of any session, in order of first appearance, with what the rows of each session say of it.

    Nothing for a single session.
    """
    if len(headers) < 2:  # noqa: PLR2004 - one has nothing beside it
        return ()
    keys = [keyed_cases(header) for header in headers]
    everything = dict.fromkeys(key for own in keys for key in own)
    known = [{row.case.id: row for row in own} for own in rows]
    return tuple(
        _side_by_side(key, [found[own[key].id] if key in own else None for own, found in zip(keys, known, strict=True)])
        for key in everything
    )


def _side_by_side(key: CaseKey, rows: Sequence[Row | None]) -> SideBySide:
    first = next(row for row in rows if row is not None)
    verdicts = tuple(row.verdict if row else None for row in rows)
    case = key.case
    return SideBySide(
        label=first.label,
        runtime=case.runtime,
        form=case.form,
        title=first.title,
        batch=first.batch,
        dtype=case.dtype,
        threads=case.threads,
        weights=case.weights,
        control=case.control,
        case_ids=tuple(row.case.id if row else None for row in rows),
        verdicts=verdicts,
        speedups=tuple(row.speedup if row else None for row in rows),
        agreement=agreement_of(verdicts),
    )


def board_names(machines: Sequence[str]) -> tuple[str, ...]:
    """One name per session, none for a single one: the machine's, numbered where several sessions share it."""
    if len(machines) < 2:  # noqa: PLR2004 - one needs no telling apart
        return ()
    return numbered(machines)


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which those that repeat have a number behind."""
    counts, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if counts[name] > 1 else name)
    return tuple(found)


def boards_answer(cases: Sequence[SideBySide], boards: Sequence[str]) -> str:
    """How often boards agree, in sentences; empty for a single session. It counts cases and averages over nothing."""
    if not boards:
        return ""
    counts = Counter(case.agreement for case in cases)
    shared = len(cases) - counts[Agreement.ONE_BOARD]
    alone = counts[Agreement.ONE_BOARD]
    if not shared:
        return f"The {len(boards)} sessions share no case: there is nothing to set side by side."
    undecided, differing = counts[Agreement.UNDECIDED], counts[Agreement.DIFFERS]
    text = f"The sign flips between boards in {_flips(cases, shared)}"
    text += f"; the verdicts differ otherwise in {differing}" if differing else ""
    text += f"; they agree in {counts[Agreement.AGREE]}"
    text += f"; {undecided} cannot be compared, since a board is undecided" if undecided else ""
    return f"{text}. {alone} more {'is' if alone == 1 else 'are'} in one session only." if alone else f"{text}."


def _flips(cases: Sequence[SideBySide], shared: int) -> str:
    """How many of the shared cases flip, and which."""
    flips = [case.label for case in cases if case.agreement is Agreement.FLIPS]
    total = f"of {shared} {'case' if shared == 1 else 'cases'} that several sessions have"
    if not flips:
        return f"none {total}"
    more = f" and {len(flips) - MAX_NAMED} more" if len(flips) > MAX_NAMED else ""
    return f"{len(flips)} {total} ({'; '.join(flips[:MAX_NAMED])}{more})"


def board_cautions(headers: Sequence[Header], boards: Sequence[str]) -> tuple[Warning_, ...]:
    """Warnings of what else than the machine differs between a session and the first, each named by its board."""
    return tuple(
        Warning_(text=f"{board}, beside {boards[0]}: {text}", next_step="compare the verdicts, not the times")
        for header, board in zip(headers[1:], boards[1:], strict=False)
        for text in differences_between(headers[0], header)
    )
