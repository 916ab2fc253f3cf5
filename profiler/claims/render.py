"""The table of claims for the terminal, as Markdown and as JSON. Text out, nothing else."""

import textwrap
from collections.abc import Sequence

import msgspec

from profiler.claims.records import ClaimResult, ClaimTable, Figure, Outcome, Unit
from profiler.report.cells import format_bytes, format_time, plain

WIDTH = 80
INDENT = "    "


def render_terminal(table: ClaimTable) -> str:
    """A paragraph per claim; a summary first."""
    lines = [*_wrap(summary(table), ""), *_wrap(conditions(table), ""), ""]
    for result in table.results:
        lines += _wrap(f"{result.number}. {result.outcome.upper()}: {_quote(result)}", "", later=INDENT)
        lines += _wrap(f"done: {plain(result.done)}", INDENT)
        lines += [
            line for figure in result.figures for line in _wrap(format_figure(figure), INDENT * 2, later=INDENT * 3)
        ]
        lines += _wrap(f"so: {plain(result.reason)}", INDENT)
        lines += [f"{INDENT}({result.elapsed_s:.0f} s)", ""]
    return "\n".join(lines)


def render_markdown(table: ClaimTable) -> str:
    """A table with a row per claim."""
    lines = [
        summary(table),
        "",
        conditions(table),
        "",
        "| | the text says | done here | figures | outcome |",
        "|---|---|---|---|---|",
    ]
    for result in table.results:
        figures = "<br>".join(_cell(format_figure(figure)) for figure in result.figures) or "-"
        outcome = f"**{result.outcome}**: {_cell(result.reason)}"
        lines.append(f"| {result.number} | {_cell(_quote(result))} | {_cell(result.done)} | {figures} | {outcome} |")
    return "\n".join(lines) + "\n"


def render_json(table: ClaimTable) -> str:
    """The records themselves."""
    return msgspec.json.format(msgspec.json.encode(table), indent=1).decode() + "\n"


def summary(table: ClaimTable) -> str:
    """How many claims hold, and how many do not."""
    counts = {outcome: sum(result.outcome is outcome for result in table.results) for outcome in Outcome}
    words = {
        Outcome.HOLDS: ("holds", "hold"),
        Outcome.DOES_NOT_HOLD: ("does not", "do not"),
        Outcome.UNDECIDED: ("is undecided", "are undecided"),
        Outcome.NOT_MEASURABLE: ("cannot be measured here", "cannot be measured here"),
    }
    parts = [f"{count} {words[outcome][count != 1]}" for outcome, count in counts.items() if count]
    count = len(table.results)
    return f"Of {count} {'claim' if count == 1 else 'claims'} {', '.join(parts) or 'none was examined'}."


def conditions(table: ClaimTable) -> str:
    """Where, when and with what; a busy machine says so."""
    software = ", ".join(f"{name} {version}" for name, version in sorted(table.software.items()))
    load = table.load_average
    busy = (
        "" if load is None or load <= table.cpus else f"; busy: a load of {load:.1f} on {table.cpus} CPUs at the start"
    )
    took = sum(result.elapsed_s for result in table.results)
    return plain(
        f"{table.machine}, {table.cpus} CPUs, {table.created_utc[:10]}, scale {table.scale}, {took:.0f} s{busy}; "
        f"layout-profiler {table.tool_version}, {software}. Speedup: time [in, out] / time [out, in], above 1 "
        "transposed storage pays off. Brackets: 95 % intervals, of the script two standard errors."
    )


def format_figure(figure: Figure) -> str:
    """`speedup: 1.02 [0.99, 1.05]`, `right answers: 24 of 24`."""
    value = _value(figure, figure.value)
    of = f" of {figure.of}" if figure.of is not None else ""
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = f" [{_value(figure, figure.low)}, {_value(figure, figure.high)}]"
    return f"{plain(figure.name)}: {value}{of}{interval}"


def _value(figure: Figure, value: float) -> str:
    if figure.unit is Unit.SECONDS:
        return f"-{format_time(-value)}" if value < 0 else format_time(value)
    if figure.unit is Unit.BYTES:
        return format_bytes(round(value))
    if figure.unit is Unit.COUNT:
        return f"{value:.0f}"
    return f"{value:.3f}" if figure.unit is Unit.RATIO else f"{value:.3g}"


def _quote(result: ClaimResult) -> str:
    return f'"{result.quote}" ({result.text})'


def _cell(text: str) -> str:
    """No text may end a cell."""
    return plain(text).replace("|", "\\|")


def _wrap(text: str, indent: str, *, later: str | None = None) -> Sequence[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent if later is None else later)
