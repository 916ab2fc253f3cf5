"""Compare two sessions of one machine, before and after a change."""

import enum
from pathlib import Path

import click

from profiler.base.errors import OptionError
from profiler.base.files import write_whole
from profiler.commands.options import CONFIDENCE, MARGIN, PATH, combine, force_option
from profiler.judge.change_records import Changes, Movement, VerdictChange
from profiler.judge.changes import make_changes
from profiler.models.layout import WeightLayout
from profiler.report.change_formats import ChangeFormat, render_changes
from profiler.session.file import load_session


class FailOn(enum.StrEnum):
    """What makes `compare` end with exit status 1."""

    REGRESSION = "regression"
    CHANGE = "change"
    VERDICT = "verdict"


@click.command()
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option(
    "--fail-on", type=click.Choice([item.value for item in FailOn]),
    help="End with exit status 1 if the time of any layout is slower (regression), is slower or faster (change), or a"
    " decided verdict became another decided one (verdict).",
)  # fmt: skip
@click.option(
    "--format", "output_format", type=click.Choice([item.value for item in ChangeFormat]),
    default=ChangeFormat.TERMINAL.value, show_default=True, help="How to write it.",
)  # fmt: skip
@click.option("-o", "--output", type=PATH, help="Write to this file instead of standard output.")
@click.option("--margin", type=MARGIN, default="3%", show_default=True, help="The smallest change worth acting on.")
@click.option(
    "--confidence", "confidence_level", type=CONFIDENCE, default="95%", show_default=True,
    help="How sure the comparison as a whole shall be that no slower and no faster in it is false.",
)  # fmt: skip
@combine(force_option)
def command(
    old: Path,
    new: Path,
    fail_on: str | None,
    output_format: str,
    output: Path | None,
    margin: float,
    confidence_level: float,
    force: bool,  # noqa: FBT001 - click's way
) -> int:
    """Say what changed from session OLD to session NEW: the time of each layout, and the verdict.

    A change counts where it lies beyond the margin, the noise of both sessions, and what a fixed task says of the
    machine itself. Both sessions are of one machine: to set boards side by side, use report.
    """
    changes = make_changes(load_session(old), load_session(new), margin=margin, confidence_level=confidence_level)
    if fail_on is not None and changes.other_machine:
        raise OptionError(
            f"--fail-on {fail_on} judges a change on one machine, and {new} was measured on another than {old} "
            f"({', '.join(changes.other_machine)}); measure both on one, or leave --fail-on out"
        )
    text = render_changes(changes, ChangeFormat(output_format))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode(), force=force)
    return 1 if fail_on is not None and fails(changes, FailOn(fail_on)) else 0


def fails(changes: Changes, fail_on: FailOn) -> bool:
    """Whether anything happened that was to be failed on. Undecided is nothing that happened."""
    if fail_on is FailOn.VERDICT:
        return any(case.verdict_change is VerdictChange.CHANGED for case in changes.cases)
    wanted = {Movement.SLOWER} if fail_on is FailOn.REGRESSION else {Movement.SLOWER, Movement.FASTER}
    return any(case.layouts[layout].movement in wanted for case in changes.cases for layout in WeightLayout)
