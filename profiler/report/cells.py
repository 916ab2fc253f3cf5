"""How values read: times, sizes, ratios, layouts. Shared by the formats that people look at."""

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from profiler.base.record import Record
from profiler.judge.boards import SideBySide
from profiler.judge.limits import is_at_limit
from profiler.judge.records import Estimate, LayoutRow, Limit, LimitedBy, Regime, RegimeBound, Row, Verdict
from profiler.models.layout import WeightLayout
from profiler.session.records import Case, Control, Executed, ExecutedLayout

UNKNOWN = "unknown"
LARGEST_BYTES = 1 << 80  # beyond it a number in a report is a joke
MAX_SHOWN_MARGIN = 0.5
_EXECUTED = {
    ExecutedLayout.OUT_IN: WeightLayout.OUT_IN.axes,
    ExecutedLayout.IN_OUT: WeightLayout.IN_OUT.axes,
    ExecutedLayout.PACKED: "packed",
    ExecutedLayout.UNKNOWN: UNKNOWN,
}


def plain(text: object) -> str:
    """Text from a file as one harmless line: no control characters, no terminal escapes, no direction marks."""
    line = str(text)
    if line.isprintable():  # nearly all are, and looking at each character of a long one takes long
        return line
    return "".join(
        " "
        if character in "\n\t"
        else character
        if unicodedata.category(character)[0] != "C"
        else "\N{REPLACEMENT CHARACTER}"
        for character in line
    )


def format_time(seconds: float | None) -> str:
    """Three significant digits with a unit."""
    if seconds is None:
        return "-"
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(rounded))) if rounded > 0 else 0
    return f"{rounded:.{min(digits, 2)}f}"


def format_bytes(count: int | None) -> str:
    """Binary units, as caches are named."""
    if count is None:
        return UNKNOWN
    if abs(count) > LARGEST_BYTES:
        return "absurd"
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 999.5:  # noqa: PLR2004 - what three digits can show
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} GiB"


def format_ratio(estimate: Estimate | None) -> str:
    """`1.34 [1.31, 1.37]`."""
    if estimate is None:
        return "-"
    return f"{estimate.point:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def format_interval(estimate: Estimate | None) -> str:
    """`0.99-1.01`: the interval alone."""
    return "-" if estimate is None else f"{estimate.low:.2f}-{estimate.high:.2f}"


def format_percent(fraction: float | None) -> str:
    """`0.8 %`."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


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
    texts = shared([("; ".join(row_text(row).arms), row) for row in rows])
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
    """`64x64 batch 1, 8; iris batch 1`."""
    batches: dict[str, list[str]] = {}
    for row in rows:
        batches.setdefault(row.dimensions, []).append(row.batch)
    return "; ".join(f"{layer} batch {', '.join(found)}" for layer, found in batches.items())


class RowText(Record, frozen=True, kw_only=True):
    """A row in words; each format chooses what it shows and where."""

    layer: str
    batch: str
    weights: str
    fits_in: str
    out_in: str
    in_out: str
    speedup: str
    null: str
    null_interval: str
    noise: str
    verdict: str
    advice: str
    equal_margin: str
    limit: str
    regime: str
    cause: str
    arms: tuple[str, ...]


def row_text(row: Row) -> RowText:
    """A row in words."""
    return RowText(
        layer=row.dimensions,
        batch=row.batch,
        weights=format_bytes(row.weight_bytes),
        fits_in=row.fits_in,
        out_in=format_time(row.arms[WeightLayout.OUT_IN].time_s),
        in_out=format_time(row.arms[WeightLayout.IN_OUT].time_s),
        speedup=format_ratio(row.speedup),
        null=format_ratio(row.null),
        null_interval=format_interval(row.null),
        noise=format_percent(row.noise_floor),
        verdict=row.verdict.value,
        advice=_advice(row),
        equal_margin=_equal_margin(row),
        limit=limit_text(row.limit),
        regime=regime_text(row.regime),
        cause=row.cause,
        arms=tuple(format_arm(row.arms[layout], layout) for layout in WeightLayout),
    )


def _advice(row: Row) -> str:
    """What would decide an undecided case."""
    if row.verdict is not Verdict.UNDECIDED or not row.passes:
        return ""
    if row.more_passes is None:
        return "more passes will hardly decide it"
    return f"about {row.more_passes} more {'pass' if row.more_passes == 1 else 'passes'} would decide it"


def _equal_margin(row: Row) -> str:
    """The margin at which an undecided case would be equal by now; empty where that says nothing."""
    if row.decidable_margin is None or row.decidable_margin > MAX_SHOWN_MARGIN:
        return ""
    return f"{100 * row.decidable_margin:.2g} %"


def bound_lines(rows: Sequence[Row]) -> list[str]:
    """The overhead-bound cases of a group, with the ratio that is left when the overhead is taken off."""
    return [
        f"{row.dimensions} batch {row.batch}: {100 * row.overhead.share:.0f} % of a call is the runtime's own "
        f"({format_time(row.overhead.time_s)}); without it {format_ratio(row.overhead.speedup)}"
        for row in rows
        if row.overhead is not None and row.overhead.is_bound
    ]


def limit_lines(rows: Sequence[Row]) -> list[str]:
    """The cases of a group in which both layouts read about as fast as this machine was seen to read."""
    return [
        f"{row.dimensions} batch {row.batch}: {limit_text(row.limit)}; reading at all of it would make them at most "
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


class CostText(Record, frozen=True, kw_only=True):
    """What a row's layouts cost beside speed, in words; pairs are [out, in] and [in, out]."""

    load: tuple[str, str]
    load_ratio: str
    load_verdict: str
    first_call: tuple[str, str]
    first_call_ratio: str
    rise: tuple[str, str]
    peak: tuple[str, str]
    size: tuple[str, str]


def cost_text(row: Row) -> CostText | None:
    """A row's costs in words, None where nobody measured them."""
    cost = row.cost
    if cost is None:
        return None

    def pair(values: dict[WeightLayout, Estimate], text: Callable[[Estimate], str]) -> tuple[str, str]:
        found = [text(values[layout]) if layout in values else "-" for layout in WeightLayout]
        return found[0], found[1]

    sizes = [format_bytes(cost.size_bytes.get(layout)) for layout in WeightLayout]
    return CostText(
        load=pair(cost.load_s, _format_times),
        load_ratio=format_ratio(cost.load_ratio),
        load_verdict=cost.load_verdict.value,
        first_call=pair(cost.first_call_s, _format_times),
        first_call_ratio=format_ratio(cost.first_call_ratio),
        rise=pair(cost.load_rise_bytes, _format_sizes),
        peak=pair(cost.peak_bytes, _format_sizes),
        size=(sizes[0], sizes[1]),
    )


def _format_times(estimate: Estimate) -> str:
    return f"{format_time(estimate.point)} [{format_time(estimate.low)}, {format_time(estimate.high)}]"


def _format_sizes(estimate: Estimate) -> str:
    half = (estimate.high - estimate.low) / 2
    return f"{format_bytes(round(estimate.point))} +- {format_bytes(round(half))}"


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
