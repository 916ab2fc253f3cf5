"""Changes for a terminal (80 columns), as Markdown and as JSON."""

import enum

import msgspec

from profiler.base.text import short_name
from profiler.judge.change_records import CaseChange, Changes, LayoutChange, Movement, Side, SpeedupMovement
from profiler.judge.verdicts import Rule
from profiler.judge.wording import change_sentences
from profiler.models.layout import WeightLayout
from profiler.report.case_text import group_title, grouped
from profiler.report.change_sentences import doubt_sentence, drift_sentence, headline, verdict_sentence
from profiler.report.gfm import escape, render_table
from profiler.report.plain_text import aligned, wrap
from profiler.report.values import format_interval, format_ratio, format_time

_HEAD = ("layer", "batch", "[out,in] new / old", "[in,out] new / old", "verdict")
_MARKDOWN_HEAD = ("layer", "batch", "passes", "[out, in] before -> after", "ratio [interval]", "",
                  "[in, out] before -> after", "ratio [interval]", "", "verdict", "speedup before -> after",
                  "ratio [interval]", "")  # fmt: skip
_MOVED = {Movement.SLOWER, Movement.FASTER}
_SPEEDUP_MOVED = {SpeedupMovement.HIGHER, SpeedupMovement.LOWER}


class ChangeFormat(enum.StrEnum):
    """How a comparison can be written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


def render_changes(changes: Changes, output_format: ChangeFormat) -> str:
    """The comparison as text in that format."""
    if output_format is ChangeFormat.JSON:
        return msgspec.json.format(msgspec.json.encode(changes), indent=2).decode() + "\n"
    return _terminal(changes) if output_format is ChangeFormat.TERMINAL else _markdown(changes)


def _terminal(changes: Changes) -> str:
    parts = [
        wrap(headline(changes)),
        wrap(doubt_sentence(changes)),
        wrap(verdict_sentence(changes)),
        "\n".join(wrap(line, "    ") for line in _sides(changes)),
        "\n".join(wrap(f"! {caution.text}: {caution.next_step}.", "  ") for caution in changes.cautions),
        wrap(drift_sentence(changes)),
        *(_group(title, cases) for title, cases in _groups(changes)),
        "\n".join(wrap(line, "  ") for line in _alone(changes)),
        wrap(_method(changes)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown(changes: Changes) -> str:
    parts = [
        "# What changed",
        f"**{escape(headline(changes))}**",
        escape(doubt_sentence(changes)),
        escape(verdict_sentence(changes)),
        "\n".join(f"- {escape(line)}" for line in _sides(changes)),
        "\n".join(f"- Caution: {escape(w.text)}: {escape(w.next_step)}." for w in changes.cautions),
        escape(drift_sentence(changes)),
    ]
    for title, cases in _groups(changes):
        parts += [f"## {escape(title)}", render_table(_MARKDOWN_HEAD, [_markdown_cells(case) for case in cases])]
    parts += ["\n".join(f"- {escape(line)}" for line in _alone(changes)), escape(_method(changes))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _method(changes: Changes) -> str:
    rule = Rule(margin=changes.margin, confidence_level=changes.confidence_level)
    return change_sentences(rule, len(WeightLayout) * len(changes.cases))


def _groups(changes: Changes) -> list[tuple[str, list[CaseChange]]]:
    return grouped(changes.cases, lambda change: group_title(change.case))


def _sides(changes: Changes) -> list[str]:
    def line(name: str, side: Side) -> str:
        return f"{name} {side.machine}, suite {side.suite}, {side.created_utc}, layout-profiler {side.tool_version}"

    return [line("OLD", changes.old), line("NEW", changes.new)]


def _alone(changes: Changes) -> list[str]:
    return [
        f"only in {name}: {'; '.join(side.only_here)}"
        for name, side in (("OLD", changes.old), ("NEW", changes.new))
        if side.only_here
    ]


def _group(title: str, cases: list[CaseChange]) -> str:
    lines = aligned([_HEAD, *map(_cells, cases)], left=(0, len(_HEAD) - 1))
    return "\n".join([wrap(title), *lines, *(wrap(line, "  ") for case in cases for line in _moves(case))])


def _cells(case: CaseChange) -> tuple[str, ...]:
    star = "" if case.old_verdict is case.new_verdict else "*"
    cells = (_change(case.layouts[layout]) for layout in WeightLayout)
    return (case.title, case.batch, *cells, f"{case.new_verdict}{star}")


def _change(change: LayoutChange) -> str:
    """How a layout's time changed: `1.10 1.08-1.12 slower`."""
    ratio = change.time_ratio
    return f"{ratio.point:.2f} {format_interval(ratio)} {change.movement}" if ratio else change.movement.value


def _moves(case: CaseChange) -> list[str]:
    """A line for every time, verdict and speedup of a case that changed."""
    name = f"{short_name(case.title)} batch {case.batch}"
    lines = [
        f"{change.movement}, {name} {layout.axes}: {_before_and_after(change)}"
        for layout in WeightLayout
        if (change := case.layouts[layout]).movement in _MOVED
    ]
    if case.old_verdict is not case.new_verdict:
        lines.append(f"* verdict, {name}: {case.old_verdict} -> {case.new_verdict}")
    if case.speedup_movement in _SPEEDUP_MOVED:
        ratio = format_ratio(case.speedup_ratio)
        lines.append(f"speedup {case.speedup_movement}, {name}: {_speedups(case)}, new / old {ratio}")
    return lines


def _before_and_after(change: LayoutChange) -> str:
    return f"{format_time(change.old_s)} -> {format_time(change.new_s)}"


def _speedups(case: CaseChange) -> str:
    old, new = (f"{one.point:.2f}" if one else "-" for one in (case.old_speedup, case.new_speedup))
    return f"{old} -> {new}"


def _markdown_cells(case: CaseChange) -> tuple[str, ...]:
    cells = [case.title, case.batch, f"{case.passes[0]} -> {case.passes[1]}"]
    for layout in WeightLayout:
        change = case.layouts[layout]
        cells += [_before_and_after(change), format_ratio(change.time_ratio), change.movement.value]
    verdict = case.old_verdict if case.old_verdict is case.new_verdict else f"{case.old_verdict} -> {case.new_verdict}"
    return (*cells, verdict, _speedups(case), format_ratio(case.speedup_ratio), case.speedup_movement.value)
