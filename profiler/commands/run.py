"""Measure a bundle on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from profiler.artifacts.bundle import Bundle, find_bundle, in_folder
from profiler.base.errors import OptionError
from profiler.base.files import refuse_existing
from profiler.commands.measuring import check_cpus, choose_options, refuse_other_options
from profiler.commands.options import combine, force_option, measure_options, quiet_option
from profiler.commands.progress import RunProgress
from profiler.machine.capture import capture_hardware
from profiler.machine.limits.capture import capture_limits
from profiler.measure.plan import make_plan, number_formats_in
from profiler.measure.supervisor import Run
from profiler.runtimes import RuntimeInfo, runtime_info
from profiler.session.file import load_session
from profiler.session.records import End, EndReason, Options, Session

_ENDINGS = {
    EndReason.COMPLETE: "complete",
    EndReason.BUDGET: "ended by the time budget",
    EndReason.INTERRUPTED: "interrupted",
}


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The session file to write.")
@click.option("--resume", is_flag=True, help="Continue the session where it was cut off, with its own options.")
@combine(measure_options, force_option, quiet_option)
def command(
    bundle: Path,
    output: Path,
    resume: bool,  # noqa: FBT001 - click's way
    force: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    **chosen: Any,
) -> int:
    """Measure BUNDLE, a folder or a zip, on this machine and write a session.

    Measures what the installed runtimes can execute, and says first what it leaves out and why. Needs no torch for ONNX
    and arrays. Of a zip, the files that are needed lie unpacked beside the session while the run goes on.

    Every case is judged after 8, 12, 16, 24 and 32 passes and leaves the run as soon as it is decided. Every runtime
    works in processes of its own. Each finished block is on disk before the next starts: after Ctrl-C, a crash or a
    power loss, go on with --resume.
    """
    if resume and force:
        raise OptionError("--resume continues a session and --force replaces it; give one of them")
    end, stopped_by = measure_bundle(bundle, output, resume=resume, force=force, quiet=quiet, **chosen)
    session = load_session(output)
    click.echo(f"{output}: {len(session.blocks)} blocks of {len(session.header.cases)} cases, {_ENDINGS[end.reason]}")
    if end.reason is not EndReason.COMPLETE:
        click.echo(f"  go on with: layout-profiler run {bundle} -o {output} --resume")
    click.echo(f"  read it with: layout-profiler report {output}")
    return exit_status(session, stopped_by)


def exit_status(session: Session, stopped_by: int | None) -> int:
    """0, 1 if a failure was recorded, or 128 plus the signal that ended the run."""
    if stopped_by is not None:
        return 128 + stopped_by
    return 1 if session.failures else 0


def measure_bundle(
    bundle: Path,
    output: Path,
    *,
    resume: bool,
    force: bool,
    quiet: bool,
    budget_s: float | None,
    no_measure: bool,
    **chosen: Any,
) -> tuple[End, int | None]:
    """Run with progress. Returns how it ended and the signal that ended it, if one did."""
    opened = find_bundle(bundle)
    not_installed: tuple[RuntimeInfo, ...] = ()
    if resume:
        options = load_session(output).header.options
        check_cpus(options.cpus, threads=max(options.threads))
        refuse_other_options(options)
        for name in options.runtimes:
            runtime_info(name).require()
    else:
        refuse_existing(output, force=force)
        options, not_installed = choose_options(**chosen, dtypes=number_formats_in(opened.manifest))
    needed = make_plan(opened.manifest, options, not_installed=not_installed).entries

    def say(text: str) -> None:
        if not quiet:
            click.echo(f"run: {text}", err=True)

    with in_folder(opened, needed, near=output.parent, say=say) as ready:
        return measure(
            ready,
            output,
            options,
            not_installed=not_installed,
            resume=resume,
            force=force,
            quiet=quiet,
            budget_s=budget_s,
            no_limits=no_measure or resume,  # a resumed session keeps what its header says of the machine
        )


def measure(  # noqa: PLR0913 - one per option
    bundle: Bundle,
    output: Path,
    options: Options,
    *,
    force: bool,
    quiet: bool,
    budget_s: float | None,
    not_installed: Sequence[RuntimeInfo] = (),
    resume: bool = False,
    no_limits: bool = True,
) -> tuple[End, int | None]:
    """Measure with progress. Returns how it ended and the signal that ended it, if one did."""
    with RunProgress(quiet=quiet, margin=options.margin, budget_s=budget_s) as progress:
        run = Run(
            bundle,
            options,
            hardware=capture_hardware() if no_limits else capture_limits(on_stage=progress.stage),
            observer=progress,
            not_installed=not_installed,
            budget_s=budget_s,
        )
        end = run.execute(output, resume=resume, force=force)
        return end, run.stopped_by
