"""The report for a terminal: 80 columns, no colour needed. `screen` says what there is beyond that."""

import math
import textwrap

from profiler.hardware.reports import machine_name
from profiler.records import HardwareInfo, Verdict
from profiler.report.bars import describe_bars
from profiler.report.cells import RowText, bound_lines, format_ratio, format_time, groups, limit_lines, plain, row_text
from profiler.report.facts import method_lines, sparkline
from profiler.report.lines import Line
from profiler.report.machine import ADVICE_MARK, hardware_lines, machine_sections
from profiler.report.screen import PLAIN, WIDTH, Screen
from profiler.report.summary import Report, Row, Summary
from profiler.report.table import table_lines


def render_terminal(report: Report, screen: Screen = PLAIN) -> str:
    """All sessions, one after another."""
    return screen.fit("\n\n".join(_session(summary, screen) for summary in report.sessions) + "\n")


def render_machine(hardware: HardwareInfo, screen: Screen = PLAIN) -> str:
    """A hardware report as a page: cores and caches drawn, every fact with its source."""
    title = plain(machine_name(hardware))
    parts = [f"{title}\n{'=' * min(len(title), WIDTH)}"]
    parts += [
        "\n".join(
            [
                screen.paint(section.title, bold=True),
                *(line for line in section.drawing if max(map(len, section.drawing)) <= screen.width),
                *(_fact(line, screen) for line in section.lines),
            ]
        )
        for section in machine_sections(hardware)
    ]
    return screen.fit("\n\n".join(parts) + "\n")


def _fact(line: Line, screen: Screen) -> str:
    if line.label == ADVICE_MARK:
        return _wrap(f"! {line.text}", indent="  ")
    source = f" ({line.source})" if line.source else ""
    text = _wrap(f"{line.label:<15} {line.text}{source}", indent=" " * 16)
    return text.removesuffix(source) + screen.paint(source, dim=True) if source and text.endswith(source) else text


def _session(summary: Summary, screen: Screen) -> str:
    bound = math.log1p(summary.margin)
    parts = [
        _wrap(summary.answer.headline),
        "\n".join(_wrap(f"- {line}", indent="  ") for line in summary.answer.by_runtime),
        "\n".join(_wrap(f"- {line}", indent="  ") for line in summary.answer.beside_speed),
        _wrap(summary.answer.sureness),
        *(_group(title, rows, table_lines(rows, screen, bound=bound)) for title, rows in groups(summary.rows)),
        _wrap(describe_bars(bound)) if summary.rows else "",
        _failures(summary),
        _timeline(summary),
        "\n".join(_wrap(f"! {warning.text}: {warning.next_step}.", indent="  ") for warning in summary.warnings),
        "\n".join(_wrap(f"{label:<16}{text}", indent=" " * 16) for label, text in hardware_lines(summary.hardware)),
        "\n".join(_wrap(line) for line in method_lines(summary)),
    ]
    return "\n\n".join(part for part in parts if part)


def _group(title: str, measured: list[Row], table: list[str]) -> str:
    rows = [row_text(row) for row in measured]
    bound = [_wrap(f"overhead-bound, {line}", indent="  ") for line in bound_lines(measured)]
    limited = [_wrap(f"reads about as fast as this machine can, {line}", indent="  ") for line in limit_lines(measured)]
    return "\n".join([_wrap(title), *_truths(rows), *table, *_advice(rows), *bound, *limited, *_costs(measured)])


def _costs(rows: list[Row]) -> list[str]:
    """Load times in a line, and the cases in which they differ."""
    known = [row for row in rows if row.cost is not None and row.cost.load_s]
    if not known:
        return []
    points = [estimate.point for row in known if row.cost for estimate in row.cost.load_s.values()]
    lines = [f"loading takes {format_time(min(points))} to {format_time(max(points))}"]
    lines += [
        f"[in, out] / [out, in] load time {format_ratio(row.cost.load_ratio)}: {row.dimensions} batch {row.batch}"
        for row in known
        if row.cost is not None and row.cost.load_verdict in (Verdict.PAYS_OFF, Verdict.COSTS)
    ]
    return [_wrap(line, indent="  ") for line in lines]


def _timeline(summary: Summary) -> str:
    """The canary over the run as bars, the other facts as ranges."""
    canaries = [moment.conditions.canary_s for moment in summary.timeline if moment.conditions.canary_s]
    if not canaries:
        return ""
    spread = f"{format_time(min(canaries))} to {format_time(max(canaries))}"
    line = f"Before each pass and at the end a fixed task took {spread}: {sparkline(canaries)}"
    disturbed = f"Disturbed blocks: {summary.disturbed_blocks} of {summary.blocks}."
    return f"{_wrap(line)}\n{disturbed}"


def _advice(rows: list[RowText]) -> list[str]:
    """What would decide the undecided rows, and at which margin they would be equal by now."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.advice:
            margin = f" (equal at {row.equal_margin})" if row.equal_margin else ""
            found.setdefault(row.advice, []).append(f"{row.layer} batch {row.batch}{margin}")
    return [_wrap(f"undecided, {advice}: {', '.join(labels)}", indent="  ") for advice, labels in found.items()]


def _truths(rows: list[RowText]) -> list[str]:
    """What the rows store and execute: one line where they agree, else a line for each way with the rows it is of."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault("; ".join(row.arms), []).append(f"{row.layer} batch {row.batch}")
    if len(found) == 1:
        return [_wrap(f"stored -> executed: {next(iter(found))}", indent="  ")]
    return [_wrap(f"{truth} ({', '.join(labels)})", indent="  ") for truth, labels in found.items()]


def _failures(summary: Summary) -> str:
    return "\n".join(
        _wrap(plain(f"x {failure.case or failure.runtime}, {failure.stage}: {failure.message}"), indent="  ")
        for failure in summary.failures
    )


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
