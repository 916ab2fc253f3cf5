"""The report as GitHub-flavoured Markdown, for issue threads."""

import msgspec

from profiler.judge.records import Row
from profiler.judge.summary import Summary
from profiler.report.appendix import CLAIMS_TITLE, claims_markdown
from profiler.report.boards import boards_legend, boards_note, boards_tables
from profiler.report.cells import (
    CostText,
    RowText,
    bound_lines,
    cause_lines,
    cost_text,
    groups,
    limit_lines,
    row_text,
    truth_lines,
)
from profiler.report.document import Report
from profiler.report.facts import method_lines, timeline_texts
from profiler.report.gfm import escape, render_table
from profiler.report.machine import hardware_lines

_HEAD = ("layer", "batch", "weights", "fit in", "bound by", "time [out, in]", "time [in, out]",
         "speedup [interval]", "null [interval]", "noise", "of the limit", "verdict")  # fmt: skip
_COST_HEAD = ("layer", "batch", "load time", "load ratio", "transposed", "first call", "first call ratio",
              "memory rise at load", "peak memory", "file size")  # fmt: skip
_TIMELINE_HEAD = ("before", "at", "canary", "frequency", "temperature", "load", "swap", "disturbed blocks")


def render_markdown(report: Report) -> str:
    """All sessions, one after another, and then the claims."""
    parts = [*_boards(report), *(_session(summary) for summary in report.sessions)]
    if report.claims is not None:
        parts.append(f"# {CLAIMS_TITLE}\n\n{claims_markdown(report.claims).rstrip()}")
    return "\n\n".join(parts) + "\n"


def _boards(report: Report) -> list[str]:
    """Several sessions side by side, before each by itself."""
    if not report.boards:
        return []
    parts = [
        "# Boards side by side",
        f"**{escape(report.boards_answer)}**",
        "\n".join(f"- {escape(line)}" for line in boards_legend(report)),
        "\n".join(f"- Caution, {escape(w.text)}: {escape(w.next_step)}." for w in report.boards_cautions),
    ]
    for table in boards_tables(report):
        parts += [f"## {escape(table.title)}", render_table(table.head, table.lines)]
    return [part for part in (*parts, escape(boards_note(report.boards))) if part]


def _session(summary: Summary) -> str:
    parts = [
        "# Does transposed weight storage pay off?",
        f"**{escape(summary.answer.headline)}**",
        "\n".join(f"- {escape(line)}" for line in (*summary.answer.by_runtime, *summary.answer.beside_speed)),
        escape(summary.answer.sureness),
        *(_group(title, rows) for title, rows in groups(summary.rows)),
    ]
    if summary.failures:
        rows = [(f.subject, f.stage.value, f.message) for f in summary.failures]
        parts.append("## Failures\n\n" + render_table(("case", "stage", "what happened"), rows))
    if summary.warnings:
        parts.append(
            "## Warnings\n\n" + "\n".join(f"- {escape(w.text)}: {escape(w.next_step)}." for w in summary.warnings)
        )
    if summary.timeline:
        moments = [tuple(msgspec.structs.astuple(moment)) for moment in timeline_texts(summary)]
        parts.append("## Conditions over the run\n\n" + render_table(_TIMELINE_HEAD, moments))
    parts.append("## Hardware\n\n" + render_table(("fact", "value (source)"), hardware_lines(summary.hardware)))
    parts.append("## Method\n\n" + "\n".join(f"- {escape(line)}" for line in method_lines(summary)))
    return "\n\n".join(part for part in parts if part)


def _group(title: str, rows: list[Row]) -> str:
    lines = [*truth_lines(rows), *(f"why: {line}" for line in cause_lines(rows))]
    parts = [
        f"## {escape(title)}",
        "\n".join(f"- {escape(line)}" for line in lines),
        render_table(_HEAD, [_cells(row, row_text(row)) for row in rows]),
    ]
    bound = bound_lines(tuple(rows))
    if bound:
        parts.append("Overhead-bound:\n\n" + "\n".join(f"- {escape(line)}" for line in bound))
    limited = limit_lines(rows)
    if limited:
        parts.append(
            "Both layouts read about as fast as this machine can:\n\n"
            + "\n".join(f"- {escape(line)}" for line in limited)
        )
    costs = [(row, text) for row in rows if (text := cost_text(row)) is not None]
    if costs:
        parts.append("Beside speed, each pair is \\[out, in\\] and \\[in, out\\]:")
        parts.append(render_table(_COST_HEAD, [_cost_cells(row, text) for row, text in costs]))
    return "\n\n".join(parts)


def _cost_cells(row: Row, text: CostText) -> tuple[str, ...]:
    pairs = (text.load, text.first_call, text.rise, text.peak, text.size)
    load, first_call, rise, peak, size = ("; ".join(pair) for pair in pairs)
    return (
        row.dimensions, row.batch, load, text.load_ratio, text.load_verdict, first_call, text.first_call_ratio,
        rise, peak, size,
    )  # fmt: skip


def _cells(row: Row, text: RowText) -> tuple[str, ...]:
    return (
        text.layer,
        text.batch,
        text.weights,
        text.fits_in,
        row.regime.bound_by.value,
        text.out_in,
        text.in_out,
        text.speedup,
        text.null,
        text.noise,
        text.limit,
        ", ".join(part for part in (text.verdict, text.advice, _equal_by_now(text)) if part),
    )


def _equal_by_now(text: RowText) -> str:
    return f"equal by now at a margin of {text.equal_margin}" if text.equal_margin else ""
