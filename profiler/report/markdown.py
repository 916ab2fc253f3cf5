"""The report as GitHub-flavoured Markdown, for issue threads."""

import re

from models.layout import WeightLayout
from profiler.report.cells import (
    format_arms,
    format_bytes,
    format_percent,
    format_ratio,
    format_time,
    groups,
    hardware_lines,
    method_lines,
    plain,
)
from profiler.report.summary import Report, Row, Summary

_HEAD = ("layer", "batch", "weights", "fits in", "stored -> executed", "time [out, in]", "time [in, out]",
         "speedup [interval]", "null [interval]", "noise", "verdict")  # fmt: skip


def render_markdown(report: Report) -> str:
    """All sessions, one after another."""
    return "\n\n".join(_session(summary) for summary in report.sessions) + "\n"


def escape(text: object) -> str:
    """Text that Markdown shows as it is: no links, no HTML, no table breaks."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&@])", r"\\\1", plain(text))


def _session(summary: Summary) -> str:
    parts = [
        "# Does transposed weight storage pay off?",
        f"**{escape(summary.answer.headline)}**",
        "\n".join(f"- {escape(line)}" for line in summary.answer.by_runtime),
        escape(summary.answer.sureness),
        *(
            f"## {escape(title)}\n\n{_table(_HEAD, [_cells(row) for row in rows])}"
            for title, rows in groups(summary.rows)
        ),
    ]
    if summary.failures:
        rows = [(f.case or f.runtime, f.stage.value, f.message) for f in summary.failures]
        parts.append("## Failures\n\n" + _table(("case", "stage", "what happened"), rows))
    if summary.warnings:
        parts.append(
            "## Warnings\n\n" + "\n".join(f"- {escape(w.text)}: {escape(w.next_step)}." for w in summary.warnings)
        )
    parts.append("## Hardware\n\n" + _table(("fact", "value (source)"), hardware_lines(summary.hardware)))
    parts.append("## Method\n\n" + "\n".join(f"- {escape(line)}" for line in method_lines(summary)))
    return "\n\n".join(part for part in parts if part)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.dimensions,
        row.batch,
        format_bytes(row.weight_bytes),
        row.fits_in,
        format_arms(row),
        format_time(row.arms[WeightLayout.OUT_IN].time_s),
        format_time(row.arms[WeightLayout.IN_OUT].time_s),
        format_ratio(row.speedup),
        format_ratio(row.null),
        format_percent(row.noise_floor),
        row.verdict.value,
    )


def _table(head: tuple[str, ...], rows: list) -> str:  # type: ignore[type-arg]
    lines = [head, ("---",) * len(head), *(tuple(map(escape, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
