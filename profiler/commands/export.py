"""Write a bundle: every layer in both weight layouts, each file proved."""

import signal
from pathlib import Path
from typing import Any

import click
import msgspec

from profiler.artifacts.formats import BUILT_IN
from profiler.artifacts.records import Form
from profiler.base.death import ChildError
from profiler.base.errors import ExportError, MissingPackageError, ProfilerError
from profiler.base.files import refuse_existing
from profiler.base.inside import answer_once
from profiler.base.process import ask_once, python_command
from profiler.base.signals import unwind
from profiler.commands.options import artifact_options, combine, force_option, quiet_option, shape_options
from profiler.commands.progress import ExportProgress
from profiler.commands.workloads import choose_workloads
from profiler.models.layout import ShapeError
from profiler.models.workload import Workload


@click.command()
@click.argument("suite", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True,
    help="The folder to write, or one file if the name ends in .zip.",
)  # fmt: skip
@combine(shape_options, artifact_options)
@click.option(
    "--form", "forms", type=click.Choice([item.value for item in Form]), multiple=True,
    help="Form to export. Repeatable.  [default: both]",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of the weights.")
@combine(force_option, quiet_option)
def command(
    suite: str | None,
    output: Path,
    formats: tuple[str, ...],
    forms: tuple[str, ...],
    seed: int,
    force: bool,  # noqa: FBT001 - click's way
    quiet: bool,  # noqa: FBT001
    **shape: Any,
) -> None:
    """Write a bundle of SUITE (default: quick) or of one layer, in both weight layouts.

    The bundle holds TorchScript, ONNX and plain arrays, and a manifest that says what each file was proved to store.
    Needs the extra "torch". Take the bundle to a board and measure it there with `run`.
    """
    name, workloads = choose_workloads(suite, **shape)
    refuse_existing(output, force=force)
    manifest = write_bundle(
        workloads,
        output,
        suite=name,
        formats=formats or tuple(BUILT_IN),
        forms=tuple(map(Form, forms)) or tuple(Form),
        seed=seed,
        force=force,
        quiet=quiet,
    )
    rewritten = [artifact for artifact in manifest.artifacts if artifact.stored_layout is not artifact.layout]
    count = len(manifest.workloads)
    what = manifest.workloads[0].label if count == 1 else f"{count} workloads"
    click.echo(f"{output}: {len(manifest.artifacts)} files of {what}, all proved")
    for artifact in rewritten:
        click.echo(f"  {artifact.path}: {'; '.join(artifact.notes)}")


def write_bundle(workloads: Any, output: Path, *, quiet: bool, **options: Any) -> Any:
    """Export with a progress bar.

    Raises:
        MissingPackageError: torch or onnx is not installed.
    """
    try:
        from profiler.artifacts.build import export_bundle
    except ImportError as error:
        package = (error.name or "torch").partition(".")[0]
        raise MissingPackageError(package, extra="torch", needed_for="export") from error
    with ExportProgress(quiet=quiet) as progress:
        return export_bundle(workloads, output, progress=progress, **options)


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a process that exports is asked to do."""

    workloads: tuple[Workload, ...]
    output: str
    suite: str
    formats: tuple[str, ...]
    force: bool
    quiet: bool


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with what it was asked, None if it was done."""

    problem: str | None = None


def write_bundle_apart(output: Path, **request: Any) -> None:
    """Export in a process of its own: torch takes 300 MB that a board cannot spare while it measures afterwards.

    Raises:
        ExportError: the export failed or died; says how.
    """
    command = python_command("from profiler.commands.export import serve_request; serve_request()")
    job = _Request(output=str(output), **request)
    try:
        outcome = ask_once(command, job, _Outcome, limit_s=None, environment={}, in_view=True)
    except ChildError as error:
        if error.death is None:
            raise ExportError(f"the export {error}") from error
        how = "see above" if error.death.signal is None else error.death.cause
        raise ExportError(f"the export ended early: {how}") from error
    if outcome.problem is not None:
        raise ExportError(outcome.problem)


def serve_request() -> None:
    """The program of the process that exports."""
    signal.signal(signal.SIGTERM, unwind)
    answer_once(msgspec.json.Decoder(_Request), _export)


def _export(request: _Request) -> _Outcome:
    try:
        write_bundle(
            request.workloads,
            Path(request.output),
            suite=request.suite,
            formats=request.formats,
            force=request.force,
            quiet=request.quiet,
        )
    except (ProfilerError, ShapeError) as error:
        return _Outcome(problem=str(error))
    return _Outcome()
