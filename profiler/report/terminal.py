"""The report for a terminal: 80 columns, no colour needed. `screen` says what there is beyond that."""

import math

from profiler.base.text import plain
from profiler.judge.records import Row, Verdict
from profiler.judge.summary import Summary
from profiler.machine.records import HardwareInfo
from profiler.machine.reports import machine_name
from profiler.report.appendix import CLAIMS_TITLE, claims_terminal
from profiler.report.bars import describe_bars
from profiler.report.boards_tables import boards_legend, boards_note, boards_tables
from profiler.report.case_table import table_lines
from profiler.report.case_text import (
    advice_text,
    bound_lines,
    cause_lines,
    equal_margin_text,
    groups,
    limit_lines,
    name_cases,
    truth_lines,
)
from profiler.report.document import Report
from profiler.report.hardware_text import ADVICE_MARK, hardware_lines, machine_sections
from profiler.report.measured_text import Line
from profiler.report.method import method_lines
from profiler.report.plain_text import aligned, wrap
from profiler.report.screen import PLAIN, WIDTH, Screen
from profiler.report.timeline import sparkline
from profiler.report.values import format_ratio, format_time


def render_terminal(report: Report, screen: Screen = PLAIN) -> str:
    """All sessions, one after another, and then the claims."""
    parts = [*_boards(report), *(_session(summary, screen) for summary in report.sessions)]
    if report.claims is not None:
        parts.append(f"{screen.paint(CLAIMS_TITLE, bold=True)}\n\n{claims_terminal(report.claims).rstrip()}")
    return screen.fit("\n\n".join(parts) + "\n")


def _boards(report: Report) -> list[str]:
    """Several sessions side by side, before each by itself."""
    if not report.boards:
        return []
    tables = [
        "\n".join([wrap(table.title), *aligned([table.head, *table.lines], left=(0, len(table.head) - 1))])
        for table in boards_tables(report)
    ]
    cautions = "\n".join(wrap(f"! {caution.text}: {caution.next_step}.", "  ") for caution in report.boards_cautions)
    parts = [
        wrap(report.boards_answer),
        "\n".join(wrap(line, indent="    ") for line in boards_legend(report)),
        cautions,
        *tables,
        wrap(boards_note(report.boards)),
    ]
    return [part for part in parts if part]


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
        return wrap(f"! {line.text}", indent="  ")
    source = f" ({line.source})" if line.source else ""
    text = wrap(f"{line.label:<15} {line.text}{source}", indent=" " * 16)
    return text.removesuffix(source) + screen.paint(source, dim=True) if source and text.endswith(source) else text


def _session(summary: Summary, screen: Screen) -> str:
    bound = math.log1p(summary.margin)
    parts = [
        wrap(summary.answer.headline),
        "\n".join(wrap(f"- {line}", indent="  ") for line in summary.answer.by_runtime),
        "\n".join(wrap(f"- {line}", indent="  ") for line in summary.answer.beside_speed),
        wrap(summary.answer.sureness),
        *(_group(title, rows, table_lines(rows, screen, bound=bound)) for title, rows in groups(summary.rows)),
        wrap(describe_bars(bound)) if summary.rows else "",
        _failures(summary),
        _timeline(summary),
        "\n".join(wrap(f"! {warning.text}: {warning.next_step}.", indent="  ") for warning in summary.warnings),
        "\n".join(wrap(f"{label:<16}{text}", indent=" " * 16) for label, text in hardware_lines(summary.hardware)),
        "\n".join(wrap(line) for line in method_lines(summary)),
    ]
    return "\n\n".join(part for part in parts if part)


def _group(title: str, measured: list[Row], table: list[str]) -> str:
    said = [
        *(f"why: {line}" for line in cause_lines(measured)),
        *(f"overhead-bound, {line}" for line in bound_lines(measured)),
        *(f"reads about as fast as this machine can, {line}" for line in limit_lines(measured)),
    ]
    truths = [wrap(line, indent="  ") for line in truth_lines(measured)]
    advice, notes = _advice(measured), [wrap(line, indent="  ") for line in said]
    return "\n".join([wrap(title), *truths, *table, *advice, *notes, *_costs(measured)])


def _costs(rows: list[Row]) -> list[str]:
    """Load times in a line, and the cases in which they differ."""
    known = [row for row in rows if row.cost is not None and row.cost.load_s]
    if not known:
        return []
    points = [estimate.point for row in known if row.cost for estimate in row.cost.load_s.values()]
    lines = [f"loading takes {format_time(min(points))} to {format_time(max(points))}"]
    lines += [
        f"[in, out] / [out, in] load time {format_ratio(row.cost.load_ratio)}: {name_cases([row])}"
        for row in known
        if row.cost is not None and row.cost.load_verdict in (Verdict.PAYS_OFF, Verdict.COSTS)
    ]
    return [wrap(line, indent="  ") for line in lines]


def _timeline(summary: Summary) -> str:
    """The canary over the run as bars, the other facts as ranges."""
    canaries = [moment.conditions.canary_s for moment in summary.timeline if moment.conditions.canary_s]
    if not canaries:
        return ""
    spread = f"{format_time(min(canaries))} to {format_time(max(canaries))}"
    line = f"Before each pass and at the end a fixed task took {spread}: {sparkline(canaries)}"
    disturbed = f"Disturbed blocks: {summary.disturbed_blocks} of {summary.blocks}."
    return f"{wrap(line)}\n{disturbed}"


def _advice(rows: list[Row]) -> list[str]:
    """What would decide the undecided rows, and at which margin they would be equal by now."""
    found: dict[str, list[tuple[Row, str]]] = {}
    for row in rows:
        if advice := advice_text(row):
            found.setdefault(advice, []).append((row, equal_margin_text(row)))
    lines = []
    for advice, undecided in found.items():
        cases = [f"{name_cases([row])} (equal at {margin})" for row, margin in undecided if margin]
        others = [row for row, margin in undecided if not margin]
        cases += [name_cases(others)] if others else []
        lines.append(wrap(f"undecided, {advice}: {'; '.join(cases)}", indent="  "))
    return lines


def _failures(summary: Summary) -> str:
    return "\n".join(
        wrap(plain(f"x {failure.subject}, {failure.stage}: {failure.message}"), indent="  ")
        for failure in summary.failures
    )
