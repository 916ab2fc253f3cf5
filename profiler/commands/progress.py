"""Progress on standard error: a bar with the time left on a terminal, plain lines elsewhere."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from profiler.records import Block, Failure, Verdict

PLAIN_LINE_EVERY_S = 15.0


class ExportProgress:
    """Shows which file is being written."""

    def __init__(self, *, quiet: bool) -> None:
        self._bar = _Bar("export", quiet=quiet)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, done: int, total: int, name: str) -> None:
        """Called before each file."""
        self._bar.update(done, total, name)


class RunProgress:
    """Shows how a run goes; see `measure.supervisor.Observer`.

    Drawn between blocks only: it shares the CPU with them.
    """

    def __init__(self, *, quiet: bool, name: str = "run") -> None:
        self._bar = _Bar(name, quiet=quiet)
        self._done = 0
        self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def stage(self, text: str) -> None:
        """Something begins that is not a block."""
        self._bar.say(text)

    def planned(self, *, blocks: int, done: int) -> None:
        """The number of blocks is known."""
        self._done, self._total = done, blocks
        self._bar.update(done, blocks, "")

    def measured(self, block: Block) -> None:
        """A block is on disk."""
        self._done += block.attempt == 0
        self._bar.update(self._done, self._total, f"pass {block.pass_index + 1}  {block.case}{_marks(block)}")

    def decided(self, verdicts: dict[str, Verdict], *, open_cases: int) -> None:
        """A look has decided some cases."""
        still = f"{open_cases} still open" if open_cases else "all are decided"
        self._bar.say(f"{len(verdicts)} {'case' if len(verdicts) == 1 else 'cases'} decided, {still}")

    def failed(self, failure: Failure) -> None:
        """A failure is on disk."""
        self._bar.say(f"failed: {failure.subject}: {failure.message}")

    def warned(self, text: str) -> None:
        """Something the user should know."""
        self._bar.say(text)


def _marks(block: Block) -> str:
    return f"  ({', '.join(block.disturbed_by)})" if block.disturbed_by else ""


class _Bar:
    """One bar, or a plain line now and then."""

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._started = self._last_line = time.monotonic()
        self._first_done: int | None = None
        self._progress: Progress | None = None
        if self._console.is_terminal and not quiet:
            columns = (TextColumn(f"{what:<7}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(),
                       TextColumn("{task.description}", markup=False))  # fmt: skip
            self._progress = Progress(*columns, console=self._console, auto_refresh=False, transient=True)
            self._task = self._progress.add_task("", total=None)
            self._progress.start()

    def update(self, done: int, total: int, text: str) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total, description=text[:60])
            self._progress.refresh()
            return
        now = time.monotonic()
        if self._first_done is None:
            self._first_done, self._started = done, now
        if now - self._last_line >= PLAIN_LINE_EVERY_S:
            self._last_line = now
            self.say(f"{done} of {total}, {self._time_left(done, total, now)}")

    def say(self, text: str) -> None:
        self._console.print(f"{self._what}: {text}", markup=False, soft_wrap=True)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _time_left(self, done: int, total: int, now: float) -> str:
        fresh = done - (self._first_done or 0)
        if fresh <= 0:
            return "time left unknown"
        minutes, seconds = divmod(round((now - self._started) / fresh * max(0, total - done)), 60)
        return f"at most {minutes} min {seconds:02d} s left"
