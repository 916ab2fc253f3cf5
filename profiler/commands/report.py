"""Turn sessions into a report."""

import sys
from pathlib import Path

import click

from profiler.base.errors import OptionError
from profiler.base.files import read_limited, write_error, write_whole
from profiler.commands.options import CONFIDENCE, MARGIN, combine, force_option
from profiler.commands.screen import screen_of
from profiler.report.appendix_file import load_claims
from profiler.report.document import Report, make_report
from profiler.report.formats import Format, render
from profiler.report.pictures import NAMES, PictureFormat, drawable, render_picture
from profiler.report.screen import PLAIN
from profiler.session.file import MAX_SESSION_BYTES, load_session

_FORMATS = [item.value for item in (*Format, *PictureFormat)]


@click.command()
@click.argument("sessions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "output_format", type=click.Choice(_FORMATS), default=Format.TERMINAL.value,
    show_default=True, help="How to write it.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="Write to this file instead of standard output; for several pictures, to this folder.",
)  # fmt: skip
@click.option(
    "--chart", "charts", type=click.Choice(NAMES), multiple=True,
    help="Which picture to draw with --format svg or png.  [default: all]",
)  # fmt: skip
@click.option(
    "--claims", "claims_file", type=click.Path(path_type=Path),
    help="Add the table that `layout-profiler claims -o FILE.json` wrote.",
)  # fmt: skip
@click.option("--margin", type=MARGIN, help="The smallest difference worth acting on.  [default: the run's]")
@click.option("--confidence", "confidence_level", type=CONFIDENCE, help="How sure.  [default: the run's]")
@combine(force_option)
def command(
    sessions: tuple[Path, ...],
    output_format: str,
    output: Path | None,
    charts: tuple[str, ...],
    claims_file: Path | None,
    margin: float | None,
    confidence_level: float | None,
    force: bool,  # noqa: FBT001 - click's way
) -> None:
    """Turn SESSIONS into a report: the answer first, then a row per case, the hardware and the method.

    Several sessions follow one another; in the page their charts stand side by side. A session that was cut off, or is
    still being written, can be read too: it is judged at its looks alone, so that reading it again and again spends no
    error. With --format svg or png the charts of the page are written as pictures.
    """
    is_picture = output_format in set(PictureFormat)
    if charts and not is_picture:
        raise OptionError("--chart chooses a picture: add --format svg or --format png")
    if claims_file is not None and (is_picture or output_format == Format.CSV):
        raise OptionError(f"--claims adds a text: --format {output_format} has no place for it, the others have")
    report = make_report(
        tuple(load_session(path) for path in sessions),
        margin=margin,
        confidence_level=confidence_level,
        claims=load_claims(claims_file) if claims_file is not None else None,
    )
    if is_picture:
        _write_pictures(report, PictureFormat(output_format), charts, output, force=force)
        return
    raw = tuple(map(read_raw, sessions)) if output_format == Format.HTML else ()
    screen = screen_of(sys.stdout) if output is None else PLAIN
    text = render(report, Format(output_format), screen=screen, raw=raw)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode(), force=force)


def read_raw(path: Path) -> bytes:
    """The lines of a session as they are, for those who want to save them from the page."""
    return read_limited(path, MAX_SESSION_BYTES)


def _write_pictures(
    report: Report, picture_format: PictureFormat, charts: tuple[str, ...], output: Path | None, *, force: bool
) -> None:
    """One picture to a file or standard output, several into a folder."""
    if len(charts) == 1 and not (output is not None and output.is_dir()):
        (name,) = charts
        if output is None and picture_format is PictureFormat.PNG and sys.stdout.isatty():
            raise OptionError("a PNG is no text for a terminal: add -o FILE.png")
        data = render_picture(report, name, picture_format)
        if output is None:
            click.echo(data, nl=False)
        else:
            write_whole(output, data, force=force)
        return
    if output is None:
        raise OptionError("several pictures need a folder: add -o FOLDER, or choose one with --chart")
    if output.suffix.lower() in {".svg", ".png"}:
        raise OptionError(f"{output} is one file for several pictures: name a folder, or choose one with --chart")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(output, error) from error
    for name in charts or drawable(report):
        write_whole(output / f"{name}.{picture_format}", render_picture(report, name, picture_format), force=force)
