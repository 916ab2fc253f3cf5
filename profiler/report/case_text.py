"""A case in words: what it stores and executes, why it came out so, what would decide it, and what it has in common.

What many cases share is said once, with the cases it is said of.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from profiler.base.text import short_name
from profiler.judge.boards import SideBySide
from profiler.judge.limits import is_at_limit
from profiler.judge.records import Costs, Estimate, LayoutRow, Limit, LimitedBy, Regime, RegimeBound, Row, Verdict
from profiler.models.layout import WeightLayout
from profiler.report.values import UNKNOWN, format_bytes, format_ratio, format_time
from profiler.session.records import Case, Control, Executed, ExecutedLayout

MAX_SHOWN_MARGIN = 0.5
_EXECUTED = {
    ExecutedLayout.OUT_IN: WeightLayout.OUT_IN.axes,
    ExecutedLayout.IN_OUT: WeightLayout.IN_OUT.axes,
    ExecutedLayout.PACKED: "packed",
    ExecutedLayout.UNKNOWN: UNKNOWN,
}


def stored_and_executed(row: Row) -> tuple[str, ...]:
    """`[out, in] -> packed` for each layout."""
    return tuple(format_arm(row.arms[layout], layout) for layout in WeightLayout)


def format_arm(arm: LayoutRow, layout: WeightLayout) -> str:
    """`[out, in] -> packed`: what is stored and what is executed."""
    stored = arm.stored_layout.axes if arm.stored_layout else UNKNOWN
    note = "" if arm.stored_layout in (layout, None) else f" (asked for {layout.axes})"
    return f"{stored}{note} -> {executed_text(arm.executed)}{_rewriting(arm.executed)}"


def executed_text(executed: Executed | None) -> str:
    """`[in, out]`, `packed` or `unknown`."""
    return _EXECUTED[executed.layout] if executed else UNKNOWN


def _rewriting(executed: Executed | None) -> str:
    """What the runtime made of the file, in brackets; empty if it left it alone."""
    if executed is None:
        return ""
    copies = executed.extra_copies or 0
    more = [f"{copies} {'copy' if copies == 1 else 'copies'} of the weights beside"] if copies else []
    notes = [*([executed.rewritten] if executed.rewritten else []), *more]
    return f" ({'; '.join(notes)})" if notes else ""


def regime_text(regime: Regime) -> str:
    """`bound by memory, weights in L3, packed`: what sets the time of a case's calls."""
    bounds = {
        RegimeBound.NEITHER: "bound by neither bandwidth nor arithmetic",
        RegimeBound.UNKNOWN: "bound by what was not measured",
    }
    text = f"{bounds.get(regime.bound_by, f'bound by {regime.bound_by}')}, weights in {regime.level}"
    return f"{text}, packed" if regime.is_packed else text


def cause_lines(rows: Sequence[Row]) -> list[str]:
    """The causes of a group, each with the cases it is of."""
    return [f"{cause}: {cases}" if cases else cause for cause, cases in shared([(row.cause, row) for row in rows])]


def truth_lines(rows: Sequence[Row]) -> list[str]:
    """What the cases of a group store and execute, each way with the cases it is of."""
    texts = shared([("; ".join(stored_and_executed(row)), row) for row in rows])
    return [f"stored -> executed{f', {cases}' if cases else ''}: {text}" for text, cases in texts]


def shared(texts: Sequence[tuple[str, Row]]) -> list[tuple[str, str]]:
    """Each text once, with the cases it is said of in short: none where it is said of all.

    What is said of more than half of the cases comes last, as that of all others.
    """
    found: dict[str, list[Row]] = {}
    for text, row in texts:
        found.setdefault(text, []).append(row)
    usual = max(found, key=lambda text: len(found[text]), default="")
    if 2 * len(found.get(usual, ())) <= len(texts):
        return [(text, name_cases(rows)) for text, rows in found.items()]
    if len(found) == 1:
        return [(usual, "")]
    rest = [(text, name_cases(rows)) for text, rows in found.items() if text != usual]
    return [*rest, (usual, "all others")]


def name_cases(rows: Sequence[Row]) -> str:
    """Cases in short, by what they compute: `64x64 batch 1, 8; iris batch 1`."""
    batches: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        batches.setdefault((row.case.workload, row.title), []).append(row.batch)
    return "; ".join(f"{short_name(layer)} batch {', '.join(found)}" for (_, layer), found in batches.items())


def advice_text(row: Row) -> str:
    """What would decide an undecided case."""
    if row.verdict is not Verdict.UNDECIDED or not row.passes:
        return ""
    if row.more_passes is None:
        return "more passes will hardly decide it"
    return f"about {row.more_passes} more {'pass' if row.more_passes == 1 else 'passes'} would decide it"


def equal_margin_text(row: Row) -> str:
    """The margin at which an undecided case would be equal by now; empty where that says nothing."""
    if row.decidable_margin is None or row.decidable_margin > MAX_SHOWN_MARGIN:
        return ""
    return f"{100 * row.decidable_margin:.2g} %"


def bound_lines(rows: Sequence[Row]) -> list[str]:
    """The overhead-bound cases of a group, with the ratio that is left when the overhead is taken off."""
    return [
        f"{name_cases([row])}: {100 * row.overhead.share:.0f} % of a call is the runtime's own "
        f"({format_time(row.overhead.time_s)}); without it {format_ratio(row.overhead.speedup)}"
        for row in rows
        if row.overhead is not None and row.overhead.is_bound
    ]


def limit_lines(rows: Sequence[Row]) -> list[str]:
    """The cases of a group in which both layouts read about as fast as this machine was seen to read."""
    return [
        f"{name_cases([row])}: {limit_text(row.limit)}; reading at all of it would make them at most "
        f"{100 * max(0.0, 1 / min(row.limit.fractions.values()) - 1):.0f} % faster"
        for row in rows
        if row.limit is not None and is_at_limit(row.limit)
    ]


def limit_text(limit: Limit | None) -> str:
    """`92 % and 91 % of the L3 bandwidth`: what each layout reaches of the measured limit of a call."""
    if limit is None:
        return "-"
    shares = (limit.fractions.get(layout) for layout in WeightLayout)
    reached = " and ".join("-" if share is None else f"{100 * share:.0f} %" for share in shares)
    roof = "fastest matrix product" if limit.limited_by is LimitedBy.COMPUTE else f"{limit.level} bandwidth"
    return f"{reached} of the {roof}"


def both_layouts(values: dict[WeightLayout, Estimate], text: Callable[[Estimate], str]) -> tuple[str, ...]:
    """What each layout costs, in that order; `-` for one that nobody could measure."""
    return tuple(text(values[layout]) if layout in values else "-" for layout in WeightLayout)


def file_sizes(cost: Costs) -> tuple[str, ...]:
    """The size of each layout's file."""
    return tuple(format_bytes(cost.size_bytes.get(layout)) for layout in WeightLayout)


def group_title(case: Case | SideBySide) -> str:
    """What the cases of one table share."""
    threads = "1 thread" if case.threads == 1 else f"{case.threads} threads"
    control = "" if case.control is Control.NONE else f", control: {case.control}"
    return f"{case.runtime}, {case.form}, {case.dtype}, {threads}, {case.weights} weights{control}"


def groups(rows: tuple[Row, ...]) -> list[tuple[str, list[Row]]]:
    """Rows by what they share, in order of first appearance."""
    return grouped(rows, lambda row: group_title(row.case))


Item = TypeVar("Item")


def grouped(items: Iterable[Item], title: Callable[[Item], str]) -> list[tuple[str, list[Item]]]:
    """Items by their titles, in order of first appearance."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(title(item), []).append(item)
    return list(found.items())
