"""The report for a terminal: 80 columns, no colour needed."""

import click

from profiler.hardware.reports import machine_name
from profiler.records import HardwareInfo, Verdict
from profiler.report.boards import boards_legend, boards_note, boards_tables
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
from profiler.report.columns import WIDTH, aligned, wrap
from profiler.report.facts import method_lines, sparkline
from profiler.report.lines import Line
from profiler.report.machine import ADVICE_MARK, hardware_lines, machine_sections
from profiler.report.summary import Report, Row, Summary

_HEAD = ("layer", "batch", "weights", "[out,in]", "[in,out]", "speedup", "null", "verdict")


def render_terminal(report: Report) -> str:
    """All sessions, one after another."""
    parts = [*_boards(report), *(_session(summary) for summary in report.sessions)]
    return "\n\n".join(parts) + "\n"


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
        return wrap(f"! {line.text}", indent="  ")
    source = f" ({line.source})" if line.source else ""
    text = wrap(f"{line.label:<15} {line.text}{source}", indent=" " * 16)
    return text.removesuffix(source) + click.style(source, dim=True) if source and text.endswith(source) else text


def _session(summary: Summary) -> str:
    parts = [
        wrap(summary.answer.headline),
        "\n".join(wrap(f"- {line}", indent="  ") for line in summary.answer.by_runtime),
        "\n".join(wrap(f"- {line}", indent="  ") for line in summary.answer.beside_speed),
        wrap(summary.answer.sureness),
        *(_group(title, rows) for title, rows in groups(summary.rows)),
        _failures(summary),
        _timeline(summary),
        "\n".join(wrap(f"! {warning.text}: {warning.next_step}.", indent="  ") for warning in summary.warnings),
        "\n".join(wrap(f"{label:<16}{text}", indent=" " * 16) for label, text in hardware_lines(summary.hardware)),
        "\n".join(wrap(line) for line in method_lines(summary)),
    ]
    return "\n\n".join(part for part in parts if part)


def _group(title: str, measured: list[Row]) -> str:
    rows = [row_text(row) for row in measured]
    lines = aligned([_HEAD, *map(_cells, rows)], left=(0, len(_HEAD) - 1))
    said = [
        *(f"why: {line}" for line in cause_lines(measured)),
        *(f"overhead-bound, {line}" for line in bound_lines(measured)),
        *(f"reads about as fast as this machine can, {line}" for line in limit_lines(measured)),
    ]
    truths = [wrap(line, indent="  ") for line in truth_lines(measured)]
    advice, notes = _advice(measured), [wrap(line, indent="  ") for line in said]
    return "\n".join([title, *truths, *lines, *advice, *notes, *_costs(measured)])


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
        text = row_text(row)
        if text.advice:
            found.setdefault(text.advice, []).append((row, text.equal_margin))
    lines = []
    for advice, undecided in found.items():
        cases = [f"{name_cases([row])} (equal at {margin})" for row, margin in undecided if margin]
        others = [row for row, margin in undecided if not margin]
        cases += [name_cases(others)] if others else []
        lines.append(wrap(f"undecided, {advice}: {'; '.join(cases)}", indent="  "))
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
        wrap(plain(f"x {failure.subject}, {failure.stage}: {failure.message}"), indent="  ")
        for failure in summary.failures
    )
