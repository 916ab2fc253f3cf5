"""Write a bundle: every layer in both weight layouts, each file proved."""

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click

from models.layout import ShapeError
from profiler.commands.options import artifact_options, combine, force_option, quiet_option, shape_options
from profiler.commands.progress import ExportProgress
from profiler.commands.workloads import choose_workloads
from profiler.errors import ExportError, MissingPackageError, ProfilerError
from profiler.files import refuse_existing
from profiler.records import ArtifactFormat, Form
from profiler.signals import describe_signal, ignoring_interrupts, unwind


@click.command()
@click.argument("suite", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder to write.")
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
        formats=tuple(map(ArtifactFormat, formats)) or tuple(ArtifactFormat),
        forms=tuple(map(Form, forms)) or tuple(Form),
        seed=seed,
        force=force,
        quiet=quiet,
    )
    rewritten = [artifact for artifact in manifest.artifacts if artifact.stored_layout is not artifact.layout]
    count = len(manifest.workloads)
    what = manifest.workloads[0].name if count == 1 else f"{count} workloads"
    click.echo(f"{output}: {len(manifest.artifacts)} files of {what}, all proved")
    for artifact in rewritten:
        click.echo(f"  {artifact.path}: {'; '.join(artifact.notes)}")


def write_bundle(workloads: Any, output: Path, *, quiet: bool, **options: Any) -> Any:
    """Export with a progress bar.

    Raises:
        MissingPackageError: torch or onnx is not installed.
    """
    try:
        from profiler.export.build import export_bundle
    except ImportError as error:
        package = (error.name or "torch").partition(".")[0]
        raise MissingPackageError(package, extra="torch", needed_for="export") from error
    with ExportProgress(quiet=quiet) as progress:
        return export_bundle(workloads, output, progress=progress, **options)


def write_bundle_apart(workloads: Any, output: Path, **options: Any) -> None:
    """Export in a process of its own: torch takes 300 MB that a board cannot spare while it measures afterwards.

    Raises:
        ExportError: the export failed or died; says how.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_write_bundle_child, args=(theirs, workloads, output, options))
    # Ctrl-C strikes both; the child leaves it to us, who then end it once: a second signal would disturb its clean-up
    with ignoring_interrupts():
        process.start()
    theirs.close()
    try:
        process.join()
    except BaseException:
        with ignoring_interrupts():
            process.terminate()
            process.join()
        raise
    message = _message(ours)
    if message is not None:
        raise ExportError(message)
    if process.exitcode:
        how = describe_signal(-process.exitcode) if process.exitcode < 0 else f"exit status {process.exitcode}"
        raise ExportError(f"the export ended early: {how}")


def _message(connection: Connection) -> str | None:
    try:
        return str(connection.recv_bytes().decode())
    except EOFError:
        return None


def _write_bundle_child(connection: Connection, workloads: Any, output: Path, options: dict[str, Any]) -> None:
    signal.signal(signal.SIGTERM, unwind)
    try:
        write_bundle(workloads, output, **options)
    except (ProfilerError, ShapeError) as error:
        connection.send_bytes(str(error).encode())
