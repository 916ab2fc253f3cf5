"""The table of claims: on a terminal, as Markdown, as JSON, and the texts that a page arranges."""

import msgspec

from profiler.base.record import Record
from profiler.base.text import plain
from profiler.report.appendix_records import ClaimResult, ClaimTable, Figure, Outcome, Unit
from profiler.report.gfm import escape, render_table
from profiler.report.plain_text import wrap
from profiler.report.values import format_bytes, format_time

CLAIMS_TITLE = "What became of the two claims"
INDENT = "    "


class ClaimText(Record, frozen=True, kw_only=True):
    """A row of the table of claims in words, as a page shows it."""

    number: int
    quote: str
    done: str
    figures: tuple[str, ...]
    outcome: str
    reason: str


def claim_texts(table: ClaimTable) -> list[ClaimText]:
    """Every row of the table of claims in words, in its order."""
    return [
        ClaimText(
            number=result.number,
            quote=_quote(result),
            done=result.done,
            figures=tuple(map(format_figure, result.figures)),
            outcome=result.outcome.value,
            reason=result.reason,
        )
        for result in table.results
    ]


def claims_terminal(table: ClaimTable) -> str:
    """The claims for a terminal, a paragraph each; a summary first."""
    lines = [wrap(claims_summary(table)), wrap(claims_conditions(table)), ""]
    for text, result in zip(claim_texts(table), table.results, strict=True):
        lines.append(wrap(f"{text.number}. {text.outcome.upper()}: {text.quote}", INDENT))
        lines.append(_indented(f"done: {text.done}", 1))
        lines += [_indented(figure, 2) for figure in text.figures]
        lines += [_indented(f"so: {text.reason}", 1), f"{INDENT}({result.elapsed_s:.0f} s)", ""]
    return "\n".join(lines)


def claims_markdown(table: ClaimTable) -> str:
    """The claims as a Markdown table, a row each."""
    rows = [
        (text.number, text.quote, text.done, text.figures or ("-",), f"{text.outcome}: {text.reason}")
        for text in claim_texts(table)
    ]
    head = ("", "the text says", "done here", "figures", "outcome")
    return (
        "\n\n".join([escape(claims_summary(table)), escape(claims_conditions(table)), render_table(head, rows)]) + "\n"
    )


def claims_json(table: ClaimTable) -> str:
    """The records of the table as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(table), indent=1).decode() + "\n"


def claims_summary(table: ClaimTable) -> str:
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


def claims_conditions(table: ClaimTable) -> str:
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
    """A figure with its name: `speedup: 1.02 [0.99, 1.05]`, `right answers: 24 of 24`."""
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


def _indented(text: str, depth: int) -> str:
    """A paragraph that begins at that depth; of a figure the later lines lie deeper."""
    return wrap(INDENT * depth + text, INDENT * (depth + (depth > 1)))
