"""The report as GitHub-flavoured Markdown, for issue threads."""

from collections.abc import Callable

import msgspec

from profiler.judge.records import Costs, Row
from profiler.judge.summary import Summary
from profiler.models.layout import WeightLayout
from profiler.report.appendix import CLAIMS_TITLE, claims_markdown
from profiler.report.boards_tables import boards_legend, boards_note, boards_tables
from profiler.report.case_text import (
    advice_text,
    both_layouts,
    bound_lines,
    cause_lines,
    equal_margin_text,
    file_sizes,
    groups,
    limit_lines,
    limit_text,
    truth_lines,
)
from profiler.report.document import Report
from profiler.report.gfm import escape, render_table
from profiler.report.hardware_text import hardware_lines
from profiler.report.method import method_lines
from profiler.report.timeline import timeline_texts
from profiler.report.values import (
    format_bytes,
    format_bytes_interval,
    format_percent,
    format_ratio,
    format_time,
    format_time_interval,
)

_COLUMNS: dict[str, Callable[[Row], str]] = {
    "layer": lambda row: row.title,
    "batch": lambda row: row.batch,
    "weights": lambda row: format_bytes(row.weight_bytes),
    "fit in": lambda row: row.fits_in,
    "bound by": lambda row: row.regime.bound_by.value,
    "time [out, in]": lambda row: format_time(row.arms[WeightLayout.OUT_IN].time_s),
    "time [in, out]": lambda row: format_time(row.arms[WeightLayout.IN_OUT].time_s),
    "speedup [interval]": lambda row: format_ratio(row.speedup),
    "null [interval]": lambda row: format_ratio(row.null),
    "noise": lambda row: format_percent(row.noise_floor),
    "of the limit": lambda row: limit_text(row.limit),
    "verdict": lambda row: ", ".join(part for part in (row.verdict, advice_text(row), _equal_by_now(row)) if part),
}
_COST_COLUMNS: dict[str, Callable[[Costs], str]] = {
    "load time": lambda cost: "; ".join(both_layouts(cost.load_s, format_time_interval)),
    "load ratio": lambda cost: format_ratio(cost.load_ratio),
    "transposed": lambda cost: cost.load_verdict.value,
    "first call": lambda cost: "; ".join(both_layouts(cost.first_call_s, format_time_interval)),
    "first call ratio": lambda cost: format_ratio(cost.first_call_ratio),
    "memory rise at load": lambda cost: "; ".join(both_layouts(cost.load_rise_bytes, format_bytes_interval)),
    "peak memory": lambda cost: "; ".join(both_layouts(cost.peak_bytes, format_bytes_interval)),
    "file size": lambda cost: "; ".join(file_sizes(cost)),
}
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
        render_table(tuple(_COLUMNS), [[text(row) for text in _COLUMNS.values()] for row in rows]),
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
    costs = [
        [row.title, row.batch, *(text(row.cost) for text in _COST_COLUMNS.values())]
        for row in rows
        if row.cost is not None
    ]
    if costs:
        parts.append("Beside speed, each pair is \\[out, in\\] and \\[in, out\\]:")
        parts.append(render_table(("layer", "batch", *_COST_COLUMNS), costs))
    return "\n\n".join(parts)


def _equal_by_now(row: Row) -> str:
    margin = equal_margin_text(row)
    return f"equal by now at a margin of {margin}" if margin else ""
