"""The report for a terminal: 80 columns, no colour needed."""

import textwrap

import click

from profiler.hardware.reports import machine_name
from profiler.records import HardwareInfo, Verdict
from profiler.report.cells import (
    RowText,
    bound_lines,
    cause_lines,
    format_ratio,
    format_time,
    groups,
    limit_lines,
    name_cases,
    plain,
    row_text,
    truth_lines,
)
from profiler.report.facts import method_lines, sparkline
from profiler.report.lines import Line
from profiler.report.machine import ADVICE_MARK, hardware_lines, machine_sections
from profiler.report.summary import Report, Row, Summary

WIDTH = 80
_HEAD = ("layer", "batch", "weights", "[out,in]", "[in,out]", "speedup", "null", "verdict")


def render_terminal(report: Report) -> str:
    """All sessions, one after another."""
    return "\n\n".join(_session(summary) for summary in report.sessions) + "\n"


def render_machine(hardware: HardwareInfo) -> str:
    """A hardware report as a page: cores and caches drawn, every fact with its source."""
    title = plain(machine_name(hardware))
    parts = [f"{title}\n{'=' * min(len(title), WIDTH)}"]
    parts += [
        "\n".join([click.style(section.title, bold=True), *section.drawing, *map(_fact, section.lines)])
        for section in machine_sections(hardware)
    ]
    return "\n\n".join(parts) + "\n"


def _fact(line: Line) -> str:
    if line.label == ADVICE_MARK:
        return _wrap(f"! {line.text}", indent="  ")
    source = f" ({line.source})" if line.source else ""
    text = _wrap(f"{line.label:<15} {line.text}{source}", indent=" " * 16)
    return text.removesuffix(source) + click.style(source, dim=True) if source and text.endswith(source) else text


def _session(summary: Summary) -> str:
    parts = [
        _wrap(summary.answer.headline),
        "\n".join(_wrap(f"- {line}", indent="  ") for line in summary.answer.by_runtime),
        "\n".join(_wrap(f"- {line}", indent="  ") for line in summary.answer.beside_speed),
        _wrap(summary.answer.sureness),
        *(_group(title, rows) for title, rows in groups(summary.rows)),
        _failures(summary),
        _timeline(summary),
        "\n".join(_wrap(f"! {warning.text}: {warning.next_step}.", indent="  ") for warning in summary.warnings),
        "\n".join(_wrap(f"{label:<16}{text}", indent=" " * 16) for label, text in hardware_lines(summary.hardware)),
        "\n".join(_wrap(line) for line in method_lines(summary)),
    ]
    return "\n\n".join(part for part in parts if part)


def _group(title: str, measured: list[Row]) -> str:
    rows = [row_text(row) for row in measured]
    table = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(_HEAD))]
    lines = [
        " ".join(
            cell.ljust(width) if column in (0, len(_HEAD) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]
    bound = [_wrap(f"overhead-bound, {line}", indent="  ") for line in bound_lines(measured)]
    limited = [_wrap(f"reads about as fast as this machine can, {line}", indent="  ") for line in limit_lines(measured)]
    why = [_wrap(f"why: {line}", indent="  ") for line in cause_lines(measured)]
    truths = [_wrap(line, indent="  ") for line in truth_lines(measured)]
    return "\n".join([title, *truths, *lines, *_advice(measured), *why, *bound, *limited, *_costs(measured)])


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


def _advice(rows: list[Row]) -> list[str]:
    """What would decide the undecided rows, and at which margin they would be equal by now."""
    found: dict[str, list[tuple[Row, str]]] = {}
    for row in rows:
        text = row_text(row)
        if text.advice:
            found.setdefault(text.advice, []).append((row, text.equal_margin))
    lines = []
    for advice, undecided in found.items():
        cases = [f"{name_cases([row])} (equal at {margin})" for row, margin in undecided if margin]
        others = [row for row, margin in undecided if not margin]
        cases += [name_cases(others)] if others else []
        lines.append(_wrap(f"undecided, {advice}: {'; '.join(cases)}", indent="  "))
    return lines


def _cells(text: RowText) -> tuple[str, ...]:
    weights = text.weights.replace(" ", "").replace("iB", "")
    return (
        text.layer,
        text.batch,
        f"{weights} {text.fits_in}",
        text.out_in,
        text.in_out,
        text.speedup,
        text.null_interval,
        text.verdict,
    )


def _failures(summary: Summary) -> str:
    return "\n".join(
        _wrap(plain(f"x {failure.subject}, {failure.stage}: {failure.message}"), indent="  ")
        for failure in summary.failures
    )


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
