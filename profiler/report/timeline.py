"""The machine's conditions over a run, in words."""

from collections.abc import Sequence

from profiler.base.record import Record
from profiler.judge.summary import Moment, Summary
from profiler.report.values import format_bytes, format_time

_BARS = "".join(chr(0x2581 + step) for step in range(8))  # lower one eighth block to full block


class MomentText(Record, frozen=True, kw_only=True):
    """A line of the timeline in words."""

    when: str
    at: str
    canary: str
    frequency: str
    temperature: str
    load: str
    swap: str
    disturbed: str


def timeline_texts(summary: Summary) -> list[MomentText]:
    """The machine before every pass and at the end."""
    return [_moment_text(moment) for moment in summary.timeline]


def _moment_text(moment: Moment) -> MomentText:
    state = moment.conditions
    marks = ", ".join(f"{mark} {count}" for mark, count in moment.disturbed.items())
    disturbed = f"{marks} (of {moment.blocks} blocks)" if marks else f"no block of {moment.blocks}"
    minutes, seconds = divmod(round(state.at_s), 60)
    return MomentText(
        when="end" if moment.is_end else f"pass {moment.pass_index + 1}",
        at=f"{minutes}:{seconds:02d}",
        canary=format_time(state.canary_s),
        frequency=_range([hz / 1e6 for hz in state.frequencies_hz.values()], "MHz"),
        temperature=_range(list(state.temperatures_celsius.values()), "C"),
        load="-" if state.load_1min is None else f"{state.load_1min:.2f}",
        swap=format_bytes(state.swap_used_bytes),
        disturbed=disturbed if moment.blocks else "",
    )


def _range(values: list[float], unit: str) -> str:
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{low:.0f} {unit}" if round(low) == round(high) else f"{low:.0f}-{high:.0f} {unit}"


def sparkline(values: Sequence[float]) -> str:
    """A row of bars from the smallest value to the largest."""
    low, high = min(values), max(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[round(steps * (value - low) / (high - low)) if high > low else 0] for value in values)
