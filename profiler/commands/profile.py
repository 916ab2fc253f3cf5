"""The whole path on this machine: export, run, report."""

import contextlib
import datetime
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from profiler.artifacts.bundle import is_bundle, is_zip_name
from profiler.artifacts.formats import BUILT_IN
from profiler.base.errors import OptionError, OutputError
from profiler.base.files import refuse_existing, write_error, write_whole
from profiler.base.signals import ignoring_interrupts
from profiler.commands.export import write_bundle_apart
from profiler.commands.hardware import format_hardware_json
from profiler.commands.measuring import choose_options
from profiler.commands.options import (
    artifact_options,
    combine,
    force_option,
    measure_options,
    quiet_option,
    shape_options,
)
from profiler.commands.run import exit_status, measure_bundle
from profiler.commands.screen import screen_of
from profiler.commands.workloads import choose_workloads
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.report.html import missing_packages
from profiler.session.file import load_session

_FILES = {
    Format.HTML: "report.html",
    Format.MARKDOWN: "report.md",
    Format.JSON: "report.json",
    Format.CSV: "report.csv",
}


@click.command()
@click.argument("suite", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="The folder to write.  [default: reports/SUITE-DATE-TIME]",
)  # fmt: skip
@combine(shape_options, artifact_options, measure_options, force_option, quiet_option)
def command(  # noqa: PLR0913 - one per option
    suite: str | None,
    output: Path | None,
    formats: tuple[str, ...],
    force: bool,  # noqa: FBT001 - click's way
    quiet: bool,  # noqa: FBT001
    in_features: int | None,
    out_features: int | None,
    batches: tuple[tuple[int, ...], ...],
    no_bias: bool,  # noqa: FBT001
    hardware_file: Path | None,
    **measure: Any,
) -> int:
    """Export SUITE (default: quick), measure it on this machine and report whether transposed storage pays off.

    Writes a folder with the bundle, session.jsonl, hardware.json and the report as HTML, Markdown, JSON and CSV, and
    prints the report. Needs the extra "torch", and for the HTML page "report".
    """
    if output is not None and is_zip_name(output):
        raise OptionError(f"{output} ends in .zip, and a profile is a folder; export writes bundles as one file")
    name, workloads = choose_workloads(
        suite,
        in_features=in_features,
        out_features=out_features,
        batches=batches,
        no_bias=no_bias,
        hardware_file=hardware_file,
    )
    later = {"budget_s", "no_measure"}
    choose_options(**{key: value for key, value in measure.items() if key not in later})  # refuse before any work
    folder = output or Path("reports") / f"{name}-{datetime.datetime.now():%Y%m%d-%H%M%S}"  # noqa: DTZ005 - local, for people
    session_path = folder / "session.jsonl"
    files = _writable(quiet=quiet)
    _make_folder(folder, session_path, force=force)
    chosen = formats or tuple(BUILT_IN)
    try:
        write_bundle_apart(folder / "bundle", workloads=workloads, suite=name, formats=chosen, force=force, quiet=quiet)
        _, stopped_by = measure_bundle(
            folder / "bundle", session_path, resume=False, force=force, quiet=quiet, **measure
        )
    except BaseException:
        with ignoring_interrupts():
            _leave_nothing(folder, session_path)
        raise
    session = load_session(session_path)
    write_whole(folder / "hardware.json", format_hardware_json(session.header.hardware).encode(), force=force)
    report = make_report((session,))
    raw = (session_path.read_bytes(),)
    for output_format, file_name in files.items():
        write_whole(folder / file_name, render(report, output_format, raw=raw).encode(), force=force)
    click.echo(render(report, Format.TERMINAL, screen=screen_of(sys.stdout)))
    click.echo(f"Report: {folder / files.get(Format.HTML, _FILES[Format.MARKDOWN])}")
    return exit_status(session, stopped_by)


def _writable(*, quiet: bool) -> dict[Format, str]:
    """The files that can be written here. A page that cannot is said before hours of measuring, and left out."""
    problem = missing_packages()
    if problem is None:
        return _FILES
    if not quiet:
        click.echo(f"no report.html will be written: {problem}", err=True)
    return {output_format: name for output_format, name in _FILES.items() if output_format is not Format.HTML}


def _leave_nothing(folder: Path, session_path: Path) -> None:
    """Without a session the bundle alone is no profile; an older one, which `--force` was to replace, stays."""
    if not session_path.exists():
        if is_bundle(folder / "bundle"):
            shutil.rmtree(folder / "bundle", ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()


def _make_folder(folder: Path, session_path: Path, *, force: bool) -> None:
    """Raises OutputError if the folder exists, or with `force` if it was not made by this program."""
    refuse_existing(folder, force=force)
    if folder.exists() and not session_path.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not replaced: it holds no {session_path.name}, so it was not made by profile")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
