"""The report as GitHub-flavoured Markdown, for issue threads."""

import re

from profiler.report.cells import RowText, groups, hardware_lines, method_lines, plain, row_text
from profiler.report.summary import Report, Summary

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
            f"## {escape(title)}\n\n{_table(_HEAD, [_cells(row_text(row)) for row in rows])}"
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


def _cells(text: RowText) -> tuple[str, ...]:
    return (
        text.layer,
        text.batch,
        text.weights,
        text.fits_in,
        "; ".join(text.arms),
        text.out_in,
        text.in_out,
        text.speedup,
        text.null,
        text.noise,
        f"{text.verdict}, {text.advice}" if text.advice else text.verdict,
    )


def _table(head: tuple[str, ...], rows: list) -> str:  # type: ignore[type-arg]
    lines = [head, ("---",) * len(head), *(tuple(map(escape, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
