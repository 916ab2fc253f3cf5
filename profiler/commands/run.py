"""Measure a bundle on this machine."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from profiler.bundle import open_bundle
from profiler.commands.options import combine, force_option, measure_options, quiet_option
from profiler.commands.progress import RunProgress
from profiler.errors import OptionError
from profiler.hardware.capture import capture_hardware
from profiler.measure.supervisor import Run
from profiler.records import Control, End, EndReason, Form, Options, Session
from profiler.runtimes import RUNTIMES, runtime_info
from profiler.session import load_session

ROUNDS = 11
SLICE_S = 0.001
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
    **measure: Any,
) -> int:
    """Measure BUNDLE on this machine and write a session.

    Every runtime works in processes of its own. Each finished block is on disk before the next starts: after Ctrl-C,
    a crash or a power loss, go on with --resume. Needs no torch for ONNX and arrays.
    """
    if resume and force:
        raise OptionError("--resume continues a session and --force replaces it; give one of them")
    end, stopped_by = measure_bundle(bundle, output, resume=resume, force=force, quiet=quiet, **measure)
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
    bundle: Path, output: Path, *, resume: bool, force: bool, quiet: bool, budget_s: float | None, **measure: Any
) -> tuple[End, int | None]:
    """Run with progress. Returns how it ended and the signal that ended it, if one did."""
    opened = open_bundle(bundle)
    left_out: tuple[str, ...] = ()
    if resume:
        options = load_session(output).header.options
        _check_cpus(options.cpus, threads=options.threads)
        refuse_other_options(options)
        for name in options.runtimes:
            runtime_info(name).require()
    else:
        options, left_out = choose_options(**measure)
    with RunProgress(quiet=quiet) as progress:
        run = Run(
            opened,
            options,
            hardware=capture_hardware(),
            observer=progress,
            left_out=left_out,
            budget_s=budget_s,
        )
        end = run.execute(output, resume=resume, force=force)
        return end, run.stopped_by


def choose_options(
    *,
    runtimes: Sequence[str],
    forms: Sequence[str],
    passes: int,
    threads: int,
    cpus: Sequence[int],
    seed: int | None,
    identical: bool,
) -> tuple[Options, tuple[str, ...]]:
    """The options of a new run, and which runtimes are left out because they are not installed.

    Raises:
        OptionError: an unknown runtime, or a CPU this process may not use.
        MissingPackageError: a runtime that was asked for is not installed.
    """
    for name in runtimes:
        runtime_info(name).require()
    installed = [info for info in RUNTIMES if info.is_installed]
    left_out = [
        f"{info.name}: {info.package} is not installed" for info in RUNTIMES if not runtimes and info not in installed
    ]
    options = Options(
        runtimes=tuple(dict.fromkeys(runtimes)) or tuple(info.name for info in installed),
        forms=tuple(dict.fromkeys(map(Form, forms))) or (Form.CONTROLLED,),
        passes=passes,
        rounds=ROUNDS,
        slice_s=SLICE_S,
        threads=threads,
        cpus=_check_cpus(cpus, threads=threads),
        seed=secrets.randbits(32) if seed is None else seed,
        control=Control.IDENTICAL if identical else Control.NONE,
    )
    return options, tuple(left_out)


def _check_cpus(cpus: Sequence[int], *, threads: int) -> tuple[int, ...]:
    if not hasattr(os, "sched_getaffinity"):
        if cpus:
            raise OptionError("--cpu works on Linux only")
        return ()
    allowed = os.sched_getaffinity(0)
    for cpu in cpus:
        if cpu not in allowed:
            raise OptionError(f"CPU {cpu} cannot be used here; allowed are {', '.join(map(str, sorted(allowed)))}")
    chosen = sorted(set(cpus))
    if threads > len(chosen or allowed):
        raise OptionError(
            f"--threads {threads} on {len(chosen or allowed)} CPUs would measure threads that wait for each other"
        )
    return tuple(chosen)


def refuse_other_options(options: Options) -> None:
    """A resumed run goes on with the session's own options; one given anew must be the same.

    Raises:
        OptionError: one differs.
    """
    context = click.get_current_context()
    own: dict[str, tuple[object, ...]] = {
        "runtimes": options.runtimes,
        "forms": tuple(form.value for form in options.forms),
        "passes": (options.passes,),
        "threads": (options.threads,),
        "cpus": options.cpus,
        "seed": (options.seed,),
        "identical": (options.control is Control.IDENTICAL,),
    }
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in own or context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        given = context.params[name]
        given = set(given) if isinstance(given, tuple) else {given}
        if given != set(own[name]):
            own_words = " ".join(map(str, own[name])) or "none"
            raise OptionError(
                f"the session was measured with another {parameter.opts[0]} ({own_words}); leave it out with --resume"
            )
