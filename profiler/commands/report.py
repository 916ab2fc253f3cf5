"""Turn sessions into a report."""

import sys
from pathlib import Path

import click

from profiler.commands.options import CONFIDENCE, MARGIN, combine, force_option
from profiler.commands.screen import screen_of
from profiler.files import write_whole
from profiler.report.render import Format, render
from profiler.report.screen import PLAIN
from profiler.report.summary import make_report
from profiler.session import load_session


@click.command()
@click.argument("sessions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "output_format", type=click.Choice([item.value for item in Format]), default=Format.TERMINAL.value,
    show_default=True, help="How to write it.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
@click.option("--margin", type=MARGIN, help="The smallest difference worth acting on.  [default: the run's]")
@click.option("--confidence", "confidence_level", type=CONFIDENCE, help="How sure.  [default: the run's]")
@combine(force_option)
def command(
    sessions: tuple[Path, ...],
    output_format: str,
    output: Path | None,
    margin: float | None,
    confidence_level: float | None,
    force: bool,  # noqa: FBT001 - click's way
) -> None:
    """Turn SESSIONS into a report: the answer first, then a row per case, the hardware and the method.

    Several sessions follow one another. A session that was cut off, or is still being written, can be read too: it is
    judged at its looks alone, so that reading it again and again spends no error.
    """
    report = make_report(
        tuple(load_session(path) for path in sessions), margin=margin, confidence_level=confidence_level
    )
    screen = screen_of(sys.stdout) if output is None else PLAIN
    text = render(report, Format(output_format), screen)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode(), force=force)
