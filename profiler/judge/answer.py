"""The answer in plain sentences. It counts cases and names extremes; it never averages over them."""

import math
from collections import Counter
from collections.abc import Sequence

from profiler.base.record import Record
from profiler.judge.costs import cost_margin
from profiler.judge.records import Row, Verdict
from profiler.judge.statistics import log
from profiler.judge.verdicts import Rule
from profiler.judge.wording import margin_words, sureness_sentences
from profiler.session.records import Control


class Answer(Record, frozen=True, kw_only=True):
    """The headline, how sure it is, and sentences per runtime: on speed, and on what the layouts cost beside it."""

    headline: str
    sureness: str
    by_runtime: tuple[str, ...]
    beside_speed: tuple[str, ...]


def answer_for(cases: Sequence[Row], *, machine: str, rule: Rule, is_control: bool) -> Answer:
    """The answer for the measured cases of one session."""
    counts = Counter(case.verdict for case in cases)
    runtimes: dict[str, list[Row]] = {}
    for case in cases:
        runtimes.setdefault(case.case.team.label, []).append(case)
    return Answer(
        headline=_control(cases, machine) if is_control else _headline(cases, counts, machine, rule.margin),
        sureness=sureness_sentences(rule, len(cases)) if cases else "Nothing was measured.",
        by_runtime=tuple(f"{name}: {_tally(Counter(c.verdict for c in own))}" for name, own in runtimes.items()),
        beside_speed=tuple(text for name, own in runtimes.items() if (text := _loading(name, own, cost_margin(rule)))),
    )


def _loading(runtime: str, cases: Sequence[Row], margin: float) -> str | None:
    """Where a layout loads slower by more than the margin; None if nobody measured it."""
    known = [case for case in cases if case.cost is not None and case.cost.load_ratio is not None]
    if not known:
        return None
    parts = []
    for verdict, slower in ((Verdict.PAYS_OFF, "[in, out]"), (Verdict.COSTS, "[out, in]")):
        found = [case for case in known if _load_verdict(case) is verdict]
        if found:
            worst = max(found, key=_load_factor)
            equal = sum(case.verdict is Verdict.EQUAL for case in found)
            beside = f", {equal} of them equal in steady state" if equal else ""
            parts.append(
                f"{slower} loads slower in {len(found)} of {len(known)} cases (at worst {_load_factor(worst):.2f}x as "
                f"long: {worst.label.partition(', ')[2]}){beside}"
            )
    if not parts:
        equal = sum(_load_verdict(case) is Verdict.EQUAL for case in known)
        left = f", {len(known) - equal} undecided" if equal < len(known) else ""
        return f"{runtime}: both layouts load alike (within {margin_words(margin)}) in {equal} of {len(known)}{left}"
    return f"{runtime}: {'; '.join(parts)}"


def _load_verdict(row: Row) -> Verdict | None:
    return row.cost.load_verdict if row.cost else None


def _load_factor(row: Row) -> float:
    """How many times as long the slower layout loads."""
    ratio = row.cost.load_ratio if row.cost else None
    return math.exp(abs(log(ratio.point))) if ratio else 1.0


def _headline(cases: Sequence[Row], counts: Counter[Verdict], machine: str, margin: float) -> str:
    total = len(cases)
    if total == 0:
        return f"No case was measured on {machine}; the failures and warnings below say why."
    if counts[Verdict.UNDECIDED] == total:
        return f"Undecided: on {machine} none of the {total} cases could be decided; run more passes."
    parts = []
    if counts[Verdict.PAYS_OFF]:
        parts.append(f"pays off in {counts[Verdict.PAYS_OFF]} of {total} cases ({_extreme(cases, Verdict.PAYS_OFF)})")
    if counts[Verdict.COSTS]:
        parts.append(f"costs time in {_of(counts[Verdict.COSTS], total, parts)} ({_extreme(cases, Verdict.COSTS)})")
    if counts[Verdict.EQUAL]:
        where = _of(counts[Verdict.EQUAL], total, parts)
        parts.append(f"makes no difference of {margin_words(margin)} or more in {where}")
    text = f"{_opening(counts, total)}: on {machine} storing the weights transposed {_join(parts)}"
    if counts[Verdict.UNDECIDED]:
        text += f"; {counts[Verdict.UNDECIDED]} {'is' if counts[Verdict.UNDECIDED] == 1 else 'are'} undecided"
    return text + "."


def _opening(counts: Counter[Verdict], total: int) -> str:
    pays, costs = counts[Verdict.PAYS_OFF], counts[Verdict.COSTS]
    if pays == total:
        return "Yes"
    if costs == total:
        return "No"
    if pays and costs:
        return "It depends"
    if pays:
        return "Sometimes"
    return "No" if costs + counts[Verdict.EQUAL] == total else "Not seen"


def _of(count: int, total: int, earlier: list[str]) -> str:
    """`3 of 16 cases` where the total was not named yet, else `3`."""
    return str(count) if earlier else f"{count} of {total} cases"


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _extreme(cases: Sequence[Row], verdict: Verdict) -> str:
    found = [(c.speedup.point, c.label) for c in cases if c.verdict is verdict and c.speedup is not None]
    if verdict is Verdict.PAYS_OFF:
        ratio, label = max(found, key=lambda entry: entry[0])
        return f"at most {ratio:.2f}x as fast: {label}"
    ratio, label = min(found, key=lambda entry: entry[0])
    return f"at worst {1 / ratio:.2f}x as slow: {label}"


def _tally(counts: Counter[Verdict]) -> str:
    total = sum(counts.values())
    words = [f"{verdict.value} in {counts[verdict]}" for verdict in Verdict if counts[verdict]]
    if len(words) > 1:
        return f"{', '.join(words)} of {total}"
    (verdict,) = counts
    return f"{verdict.value} in {'its only case' if total == 1 else f'all of its {total} cases'}"


def _control(cases: Sequence[Row], machine: str) -> str:
    """What controls gave: identical pairs, and pairs of which one works more."""
    identical = Counter(case.verdict for case in cases if case.case.control is Control.IDENTICAL)
    slower = Counter(case.verdict for case in cases if case.case.control is Control.SLOWER)
    text = f"Control run on {machine}: all arms loaded the same file."
    if identical:
        alarms = identical[Verdict.PAYS_OFF] + identical[Verdict.COSTS]
        text += (
            f" Of {identical.total()} identical pairs {identical[Verdict.EQUAL]} were called equal, "
            f"{identical[Verdict.UNDECIDED]} are undecided and {alarms} were called different, each a false alarm."
        )
    if slower:
        text += (
            f" Of {slower.total()} pairs in which [in, out] works more {slower[Verdict.PAYS_OFF]} were found, "
            f"{slower[Verdict.UNDECIDED]} are undecided and {slower[Verdict.EQUAL] + slower[Verdict.COSTS]} wrong."
        )
    return text
