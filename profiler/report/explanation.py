"""An explanation for a terminal, 80 columns, and as JSON."""

from collections.abc import Sequence

import msgspec

from profiler.measure.counting.evidence import Counted, CountFinding, Explanation, Source
from profiler.models.layout import WeightLayout
from profiler.report.plain_text import aligned, wrap
from profiler.report.values import format_bytes

_HEAD = ("runtime", "layout", "D1 read misses", "LL read misses", "misses/line", "source")
_LEFT = (0, 1, 5)


def format_json(explanation: Explanation) -> str:
    """The records of an explanation as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=1).decode() + "\n"


def render_explanation(explanation: Explanation) -> str:
    """The sources, then a table with its sentences for each workload and batch."""
    groups: dict[tuple[str, str], list[Counted]] = {}
    for arm in explanation.counted:
        groups.setdefault((arm.workload, arm.subject), []).append(arm)
    parts = [
        *map(_source, explanation.sources),
        *(_group(subject, arms, explanation.findings) for (_, subject), arms in groups.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _source(source: Source) -> str:
    if source.problem is not None:
        return wrap(f"{source.name}: none. {source.what}: {source.problem}", "  ")
    lines = [
        wrap(f"{source.name}: {source.what}", "  "),
        wrap(f"  tells: {source.tells}", "    "),
        wrap(f"  cannot tell: {source.cannot_tell}", "    "),
        *(wrap(f"  ! {note}", "    ") for note in source.notes),
    ]
    return "\n".join(lines)


def _group(subject: str, arms: Sequence[Counted], findings: Sequence[CountFinding]) -> str:
    sizes = {
        f"{arm.weight_lines:,} lines of weight ({format_bytes(arm.weight_bytes)} / {arm.line_bytes} B)" for arm in arms
    }
    cases = {arm.case for arm in arms}
    return "\n".join(
        [
            wrap(f"{subject}, per call: {' or '.join(sorted(sizes))}", "  "),
            *aligned([_HEAD, *map(_cells, arms)], left=_LEFT),
            *(
                wrap(f"{finding.runtime}, {finding.source}: {finding.text}", "  ")
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
