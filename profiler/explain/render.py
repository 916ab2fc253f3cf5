"""An explanation for a terminal, 80 columns, and as JSON."""

import textwrap
from collections.abc import Sequence

import msgspec

from models.layout import WeightLayout
from profiler.explain.evidence import Counted, Explanation, Finding, Source
from profiler.report.cells import format_bytes, plain

WIDTH = 80
_HEAD = ("runtime", "layout", "D1 read misses", "LL read misses", "misses/line", "source")
_LEFT = (0, 1, 5)


def format_json(explanation: Explanation) -> str:
    """All of it, indented."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=1).decode() + "\n"


def render_explanation(explanation: Explanation) -> str:
    """The sources, then a table with its sentences for each workload and batch."""
    groups: dict[str, list[Counted]] = {}
    for arm in explanation.counted:
        groups.setdefault(arm.subject, []).append(arm)
    parts = [
        *map(_source, explanation.sources),
        *(_group(subject, arms, explanation.findings) for subject, arms in groups.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _source(source: Source) -> str:
    if source.problem is not None:
        return _wrap(f"{source.name}: none. {source.what}: {source.problem}", "  ")
    lines = [
        _wrap(f"{source.name}: {source.what}", "  "),
        _wrap(f"  tells: {source.tells}", "    "),
        _wrap(f"  cannot tell: {source.cannot_tell}", "    "),
        *(_wrap(f"  ! {note}", "    ") for note in source.notes),
    ]
    return "\n".join(lines)


def _group(subject: str, arms: Sequence[Counted], findings: Sequence[Finding]) -> str:
    sizes = {
        f"{arm.weight_lines:,} lines of weight ({format_bytes(arm.weight_bytes)} / {arm.line_bytes} B)" for arm in arms
    }
    cases = {arm.case for arm in arms}
    return "\n".join(
        [
            _wrap(f"{subject}, per call: {' or '.join(sorted(sizes))}", "  "),
            *_table([_HEAD, *map(_cells, arms)]),
            *(
                _wrap(f"{finding.runtime}, {finding.source}: {finding.text}", "  ")
                for finding in findings
                if finding.case in cases
            ),
        ]
    )


def _cells(arm: Counted) -> tuple[str, ...]:
    per_line = "-" if arm.misses_per_line is None else f"{arm.misses_per_line:.2f}"
    layout = "[out,in]" if arm.layout is WeightLayout.OUT_IN else "[in,out]"
    return (arm.runtime, layout, _count(arm.d1_read_misses), _count(arm.ll_read_misses), per_line, arm.source)


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        " ".join(
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _wrap(text: str, indent: str) -> str:
    return textwrap.fill(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
