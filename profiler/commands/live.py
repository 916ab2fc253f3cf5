"""The live view of a run: a block of lines on a terminal, drawn between blocks since it shares the CPU with them."""

import math
import time
from collections.abc import Callable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment

from profiler.commands.runstate import SLOTS, RunState, count_words, machine_words, short_label, time_words
from profiler.judge.records import Estimate, Verdict
from profiler.judge.statistics import ratio_of
from profiler.measure.tally import CaseProgress
from profiler.report.bars import BarScale, draw_interval, draw_scale, scale_for
from profiler.report.screen import COLORS, Screen, cut

REFRESH_S = 0.25
MOST_SHARE = 0.0025  # of the time that drawing may take
WIDE = 64  # columns from which a line has room for the interval in figures
_FIGURES = len("1.34 [1.31, 1.37]")
_INTERVAL = len("1.31, 1.37")
_LINES_BELOW = 2  # what a terminal needs below a block that it redraws


class LiveView:
    """Draws a run's state where it stood before: at most every `REFRESH_S`, and less often where drawing takes long."""

    def __init__(
        self, state: RunState, console: Console, *, unicode: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._console = console
        self._unicode = unicode
        self._clock = clock
        self._next = -math.inf
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)

    def refresh(self, *, is_due: bool = False) -> None:
        """Draw the view, unless that was done a moment ago and it need not be drawn now."""
        now = self._clock()
        if now < self._next and not is_due:
            return
        width, height = self._console.size
        screen = Screen(unicode=self._unicode, width=width - 1)  # a full last column makes some terminals wrap
        if not self._live.is_started:
            self._live.start()
        self._live.update(_Frame(frame_lines(self._state, now, screen=screen, height=height)), refresh=True)
        end = self._clock()
        self._next = now + max(REFRESH_S, (end - now) / MOST_SHARE)

    def close(self) -> None:
        """Draw no more, and leave the terminal as it was."""
        if self._live.is_started:
            self._live.stop()


class _Frame:
    """Lines that fit, as rich draws them: it has nothing to wrap or to look up in them, which saves two thirds."""

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for at, (line, style) in enumerate(self._lines):
            if at:
                yield Segment.line()
            yield Segment(line, console.get_style(style) if style else None)


def frame_lines(state: RunState, now: float, *, screen: Screen, height: int) -> list[tuple[str, str]]:
    """The lines of a frame, each with its style, none wider than the screen."""
    known = len(state.verdicts)
    counts = f" ({count_words(list(state.verdicts.values()))})" if known else ""
    head = [
        _bar(state, screen.width),
        *_flow(time_words(state, now), screen.width),
        *_flow([f"cases decided: {known} of {known + state.open_cases}{counts}"], screen.width),
        *_flow(machine_words(state), screen.width),
    ]
    room = height - _LINES_BELOW - 1 - len(head)
    shown = state.latest(min(SLOTS, room)) if room > 0 else []
    lines = [(line, "") for line in head] + _cases(shown, state, screen.width)
    return [(screen.spell(cut(line, screen.width)), style) for line, style in lines]


def _bar(state: RunState, width: int) -> str:
    text = f" {state.done} of at most {state.total} blocks"
    room = max(4, min(40, width - len(text) - len("run ")))
    filled = round(room * min(1.0, state.done / max(1, state.total)))
    return f"run {'━' * filled}{'·' * (room - filled)}{text}"


def _flow(parts: Sequence[str], width: int) -> list[str]:
    """Parts with semicolons between, in as many lines as they take."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += f"; {part}"
        else:
            lines.append(part)
    return lines


def _cases(shown: Sequence[CaseProgress], state: RunState, width: int) -> list[tuple[str, str]]:
    if not shown:
        return []
    ratios = [ratio_of(standing.effect) for standing in shown]
    scale = scale_for(ratios, math.log1p(state.margin), columns=13 if width >= WIDE else 11)
    rows = [
        (_case(standing, ratio, scale, state, width), _style(state.verdicts.get(standing.case)))
        for standing, ratio in zip(shown, ratios, strict=True)
    ]
    return [(_line("case", "speedup", draw_scale(scale), "", width), "dim"), *rows]


def _case(standing: CaseProgress, ratio: Estimate | None, scale: BarScale, state: RunState, width: int) -> str:
    bar = draw_interval(ratio, scale, noise_floor=standing.noise_floor)
    figures = _figures(ratio, is_whole=width >= WIDE)
    passes = f"{standing.passes} {'pass' if standing.passes == 1 else 'passes'}"
    return _line(short_label(standing.case), figures, bar, state.verdicts.get(standing.case) or passes, width)


def _figures(ratio: Estimate | None, *, is_whole: bool) -> str:
    """A ratio with its interval as reports write it; a run does without their modules."""
    if ratio is None:
        return "-"
    if not is_whole:
        return f"{ratio.point:.2f}"
    interval = f"{ratio.low:.2f}, {ratio.high:.2f}"
    return f"{ratio.point:.2f} [{interval if len(interval) <= _INTERVAL else 'very wide'}]"


def _line(label: str, figures: str, bar: str, note: str, width: int) -> str:
    if width < WIDE:
        room = max(1, width - len(bar) - 9)
        return f"{_tail(label, room):<{room}} {cut(figures, 7):>7} {bar}"
    room = min(40, width - len(bar) - 30)
    return f"{_tail(label, room):<{room}} {cut(figures, _FIGURES):>{_FIGURES}} {bar} {note}"


def _tail(label: str, room: int) -> str:
    """The end of a label: there cases differ."""
    return label if len(label) <= room else f"…{label[len(label) - room + 1 :]}"


def _style(verdict: Verdict | None) -> str:
    return (COLORS[verdict] if verdict else None) or ""
