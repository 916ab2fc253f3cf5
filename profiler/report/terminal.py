"""The report for a terminal: 80 columns, no colour needed."""

import textwrap

from profiler.report.cells import RowText, groups, hardware_lines, method_lines, plain, row_text
from profiler.report.summary import Report, Summary

WIDTH = 80
_HEAD = ("layer", "batch", "weights", "[out,in]", "[in,out]", "speedup [95%]", "noise", "verdict")


def render_terminal(report: Report) -> str:
    """All sessions, one after another."""
    return "\n\n".join(_session(summary) for summary in report.sessions) + "\n"


def _session(summary: Summary) -> str:
    parts = [
        _wrap(summary.answer.headline),
        "\n".join(_wrap(f"- {line}", indent="  ") for line in summary.answer.by_runtime),
        _wrap(summary.answer.sureness),
        *(_group(title, [row_text(row) for row in rows]) for title, rows in groups(summary.rows)),
        _failures(summary),
        "\n".join(_wrap(f"! {warning.text}: {warning.next_step}.", indent="  ") for warning in summary.warnings),
        "\n".join(_wrap(f"{label:<15}{text}", indent=" " * 15) for label, text in hardware_lines(summary.hardware)),
        "\n".join(_wrap(line) for line in method_lines(summary)),
    ]
    return "\n\n".join(part for part in parts if part)


def _group(title: str, rows: list[RowText]) -> str:
    table = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(_HEAD))]
    lines = [
        " ".join(
            cell.ljust(width) if column in (0, len(_HEAD) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]
    return "\n".join([title, *_truths(rows), *lines, *_advice(rows)])


def _advice(rows: list[RowText]) -> list[str]:
    """What would decide the undecided rows."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.advice:
            found.setdefault(row.advice, []).append(f"{row.layer} batch {row.batch}")
    return [_wrap(f"undecided, {advice}: {', '.join(labels)}", indent="  ") for advice, labels in found.items()]


def _truths(rows: list[RowText]) -> list[str]:
    """What the rows store and execute: one line where they agree, else a line for each way with the rows it is of."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault("; ".join(row.arms), []).append(f"{row.layer} batch {row.batch}")
    if len(found) == 1:
        return [_wrap(f"stored -> executed: {next(iter(found))}", indent="  ")]
    return [_wrap(f"{truth} ({', '.join(labels)})", indent="  ") for truth, labels in found.items()]


def _cells(text: RowText) -> tuple[str, ...]:
    weights = text.weights.replace(" ", "").replace("iB", "")
    noise = text.noise.replace(" ", "")
    return (
        text.layer,
        text.batch,
        f"{weights} {text.fits_in}",
        text.out_in,
        text.in_out,
        text.speedup,
        noise,
        text.verdict,
    )


def _failures(summary: Summary) -> str:
    return "\n".join(
        _wrap(plain(f"x {failure.case or failure.runtime}, {failure.stage}: {failure.message}"), indent="  ")
        for failure in summary.failures
    )


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
