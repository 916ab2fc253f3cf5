"""Progress on standard error: a bar or a live view on a terminal, plain lines elsewhere."""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import click

from profiler.commands.runstate import RunState, count_words, time_words
from profiler.commands.screen import can_draw
from profiler.judge.records import Verdict
from profiler.machine.records import Conditions
from profiler.measure.tally import CaseProgress
from profiler.session.records import Block, Failure

if TYPE_CHECKING:  # at run time where there is a terminal alone: a board spares the memory
    from rich.console import Console
    from rich.progress import Progress

    from profiler.commands.live import LiveView

PLAIN_LINE_EVERY_S = 15.0
_DUMB = ("dumb", "unknown")


class ExportProgress:
    """Shows which file is being written."""

    def __init__(self, *, quiet: bool) -> None:
        console = None if quiet else _terminal()
        self._lines = _Lines("export", console, quiet=quiet)
        self._pace = RunState(margin=0.0)
        self._bar: Progress | None = None
        if console is not None:
            self._bar = _bar(console)
            self._task = self._bar.add_task("", total=None)
            self._bar.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int, name: str) -> None:
        """Show that the file `name` is next, with `done` of `total` written."""
        if not self._pace.total:
            self._pace.planned(blocks=total, done=done, open_cases=0, now=time.monotonic())
        self._pace.done = done
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=name[:60])
            self._bar.refresh()
        elif self._lines.is_due():
            self._lines.say(", ".join([f"{done} of {total}", *time_words(self._pace, time.monotonic())]))


class RunProgress:
    """Shows how a run goes; it is an `Observer` of the run's passes.

    Args:
        quiet: show nothing at all.
        margin: that of the run, as a fraction.
        budget_s: the time the run may take, None for as long as it takes.
        name: what lines begin with.
        console: where to write instead of standard error; a live view if it is a terminal.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        *,
        quiet: bool,
        margin: float,
        budget_s: float | None = None,
        name: str = "run",
        console: "Console | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if console is None and not quiet:
            console = _terminal()
        self._clock = clock
        self._state = RunState(margin=margin, budget_s=budget_s)
        self._lines = _Lines(name, console, quiet=quiet, clock=clock)
        self._live: LiveView | None = None
        if console is not None and console.is_terminal and not console.is_dumb_terminal and not quiet:
            self._live = _live_view(self._state, console, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.close()

    def stage(self, text: str) -> None:
        """Say that something begins that is not a block."""
        self._lines.say(text)

    def planned(self, *, blocks: int, done: int, open_cases: int) -> None:
        """Show how many blocks there are, now that it is known."""
        self._state.planned(blocks=blocks, done=done, open_cases=open_cases, now=self._clock())
        if self._live is not None:
            self._live.refresh(is_due=True)

    def conditions(self, state: Conditions) -> None:
        """Take note of the machine's state, for the next time that progress is shown."""
        self._state.saw(state, now=self._clock())

    def measured(self, block: Block, standing: CaseProgress) -> None:
        """Show that one more block is on disk, and how its case now stands."""
        self._state.measured(block, standing)
        if self._live is not None:
            self._live.refresh()
        elif self._lines.is_due():
            state = self._state
            words = [f"{state.done} of {state.total}", *time_words(state, self._clock())]
            if state.disturbed_blocks:
                words.append(f"{state.disturbed_blocks} disturbed")
            self._lines.say(", ".join(words))

    def decided(self, verdicts: dict[str, Verdict], *, open_cases: int) -> None:
        """Show which cases a look has decided, and how many are still open."""
        self._state.decided(verdicts, open_cases=open_cases)
        if self._live is None:
            still = f"{open_cases} still open" if open_cases else "all are decided"
            count = f"{len(verdicts)} {'case' if len(verdicts) == 1 else 'cases'} decided"
            self._lines.say(f"{count} ({count_words(list(verdicts.values()))}), {still}")

    def failed(self, failure: Failure) -> None:
        """Say that a worker failed, now that the failure is on disk."""
        self._lines.say(f"failed: {failure.subject}: {failure.message}")

    def warned(self, text: str) -> None:
        """Say something that the user should know."""
        self._lines.say(text)


def _terminal() -> "Console | None":
    """Standard error, if it is a terminal that can be drawn on."""
    if not sys.stderr.isatty() or os.environ.get("TERM") in _DUMB:
        return None
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def _live_view(state: RunState, console: "Console", clock: Callable[[], float]) -> "LiveView":
    from profiler.commands.live import LiveView

    return LiveView(state, console, unicode=can_draw(console.encoding), clock=clock)


def _bar(console: "Console") -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("export"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(),
               TextColumn("{task.description}", markup=False))  # fmt: skip
    return Progress(*columns, console=console, auto_refresh=False, transient=True)


class _Lines:
    """Plain lines, some of them only now and then."""

    def __init__(
        self, what: str, console: "Console | None", *, quiet: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._console = console
        self._quiet = quiet
        self._clock = clock
        self._last = clock()

    def is_due(self) -> bool:
        """Whether it is time for another line; it is then taken as said."""
        now = self._clock()
        if now - self._last < PLAIN_LINE_EVERY_S:
            return False
        self._last = now
        return True

    def say(self, text: str) -> None:
        if self._console is not None:
            self._console.print(f"{self._what}: {text}", markup=False, soft_wrap=True)
        elif not self._quiet:
            click.echo(f"{self._what}: {text}", err=True)
