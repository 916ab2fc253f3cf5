"""The table: how often each rule was wrong, how often it saw what was there, and how narrow its interval was."""

import collections
import math
import statistics
from collections.abc import Sequence

from profiler.judge.statistics import proportion_interval
from scripts.evidence.side_by_side.methods import METHODS
from scripts.evidence.side_by_side.pairs import PERCENTS
from scripts.evidence.side_by_side.results import Answer, Header, Line, Result

COLUMNS = (
    "method", "false alarms", *(f"power {percent} %" for percent in PERCENTS if percent), "wrong direction",
    "interval holds truth", "half-width", "time", "half-width of a second",
)  # fmt: skip
NOTE = """\
False alarms: "different" for two copies of one weight, with the exact 95 % interval of their share. Power: "different"
in the right direction where the second arm makes that many calls more per hundred. Interval: see each method; quartile
ranges and "mean +- 2 standard errors" are read as intervals because readers do. Half-widths and times are medians; the
half-width of a second is the half-width times the root of the seconds spent.
The forum script, torch and pyperf ask whether there is any difference; so do the rows "interval only" (the interval
leaves 0 out). A margin or threshold of 3 % asks for more than 3 %: a true difference of 3 % is not to be called one,
and one of 5 % only where the half-width is below 2 %."""


def format_summary(lines: Sequence[Line]) -> str:
    """The table of a raw file, what was not driven, and what it was measured with."""
    results = [line for line in lines if isinstance(line, Result)]
    rows = [COLUMNS, *(_row(rule, found) for rule, found in _by_rule(results).items())]
    headers = [_format_header(line) for line in lines if isinstance(line, Header)]
    return "\n".join([_format_table(rows), *_not_driven(results), "", *headers, "", NOTE])


def _by_rule(results: Sequence[Result]) -> dict[str, list[tuple[Result, Answer]]]:
    order = list(METHODS)
    found: dict[str, list[tuple[Result, Answer]]] = collections.defaultdict(list)
    for result in sorted(results, key=lambda result: order.index(result.method)):
        for answer in result.answers:
            found[answer.rule].append((result, answer))
    return found


def _row(rule: str, found: Sequence[tuple[Result, Answer]]) -> tuple[str, ...]:
    slower = [(result, answer) for result, answer in found if result.percent]
    wrong = sum(_sees(answer, sign=-1) for _, answer in slower)
    times = [result.seconds for result, _ in found]
    return (
        rule,
        _false_alarms([answer for result, answer in found if not result.percent]),
        *(_power([a for result, a in slower if result.percent == percent]) for percent in PERCENTS if percent),
        f"{wrong}/{len(slower)}" if slower else "-",
        _coverage(found),
        _half_width([answer for _, answer in found]),
        f"{statistics.median(times):.1f} s",
        _half_width([answer for _, answer in found], [math.sqrt(result.seconds) for result, _ in found]),
    )


def _sees(answer: Answer, *, sign: int) -> bool:
    return answer.is_different and answer.point is not None and answer.point * sign > 0


def _false_alarms(answers: Sequence[Answer]) -> str:
    if not answers:
        return "-"
    count = sum(answer.is_different for answer in answers)
    low, high = proportion_interval(count, len(answers))
    return f"{count}/{len(answers)} ({100 * low:.0f} to {100 * high:.0f} %)"


def _power(answers: Sequence[Answer]) -> str:
    return f"{sum(_sees(answer, sign=1) for answer in answers)}/{len(answers)}" if answers else "-"


def _coverage(found: Sequence[tuple[Result, Answer]]) -> str:
    held = [
        answer.low <= math.log1p(result.percent / 100) <= answer.high
        for result, answer in found
        if answer.low is not None and answer.high is not None
    ]
    return f"{sum(held)}/{len(held)}" if held else "-"


def _half_width(answers: Sequence[Answer], factors: Sequence[float] | None = None) -> str:
    """The median; with the roots of the seconds spent as factors, what one second would have given."""
    widths = [
        factor * (a.high - a.low) / 2
        for a, factor in zip(answers, factors or [1.0] * len(answers), strict=True)
        if a.low is not None and a.high is not None
    ]
    return f"{100 * math.expm1(statistics.median(widths)):.2f} %" if widths else "-"


def _format_table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *rest = (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([first, rule, *rest])


def _not_driven(results: Sequence[Result]) -> list[str]:
    reasons = collections.Counter(
        (result.method, result.pair.runtime, result.not_driven) for result in results if result.not_driven
    )
    return [
        f"{method}, {runtime}: not driven {count} times: {why}" for (method, runtime, why), count in reasons.items()
    ]


def _format_header(header: Header) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in header.versions.items())
    return (
        f"{header.date}, {header.machine}; {versions}; {header.budget_s:g} s per pair and method, {header.pairs} pairs "
        f"x {len(PERCENTS)} truths x {header.repeats} repeats, seed {header.seed}"
    )
