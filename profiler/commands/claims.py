"""Measure what the two texts that this project began with claim."""

import contextlib
import os
import tempfile
from pathlib import Path

import click
from rich.console import Console

from profiler import __version__
from profiler.base.files import refuse_existing, write_whole
from profiler.claims.examine import Examination, examine_all
from profiler.claims.lab import Lab
from profiler.claims.registry import choose_claims
from profiler.claims.workshop import Workshop
from profiler.commands.options import combine, force_option, quiet_option
from profiler.commands.progress import RunProgress
from profiler.judge.verdicts import DEFAULT_MARGIN
from profiler.machine.capture import capture_hardware
from profiler.machine.conditions import utc_now
from profiler.machine.records import HardwareInfo
from profiler.report.appendix import claims_json, claims_markdown, claims_terminal
from profiler.report.appendix_records import CLAIMS_SCHEMA, ClaimTable, Scale

MARKDOWN_SUFFIXES = {".md", ".markdown"}


@click.command()
@click.option(
    "--scale", type=click.Choice([item.value for item in Scale]), default=Scale.SMALL.value, show_default=True,
    help="Small: all claims in about ten minutes. Full: the original experiment (2,200 products of 10000x10000, hours"
    " on a small machine) and larger grids.",
)  # fmt: skip
@click.option("--claim", "numbers", type=int, multiple=True, help="Only the claim of this number. Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="Write to this file instead: Markdown if it ends in .md, JSON in .json.",
)  # fmt: skip
@combine(force_option, quiet_option)
def command(
    scale: str,
    numbers: tuple[int, ...],
    as_json: bool,  # noqa: FBT001 - click's way
    output: Path | None,
    force: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Measure what the two texts that this project began with claim, claim by claim.

    Prints a table: what the text says, what was done here, the figure with its interval, and whether the claim holds on
    this machine, does not hold, is undecided, or cannot be measured here and why. Needs the extras "torch" and
    "kernels"; what is missing is said in its row. Exit status 1 if the examination of a claim failed.
    """
    claims = choose_claims(numbers)
    if output is not None:
        refuse_existing(output, force=force)
    load_average = _load_average()
    created_utc = utc_now()
    hardware = capture_hardware()
    lines = Console(stderr=True, quiet=quiet, highlight=False, force_terminal=False)  # a live view is of one run
    with (
        RunProgress(quiet=quiet, margin=DEFAULT_MARGIN, name="claims", console=lines) as progress,
        tempfile.TemporaryDirectory(prefix="layout-profiler-") as folder,
        Workshop() as workshop,
    ):
        lab = Lab(Scale(scale), Path(folder), hardware=hardware, observer=progress, workshop=workshop)
        found = examine_all(claims, lab, stage=progress.stage)
    table = ClaimTable(
        schema_version=CLAIMS_SCHEMA,
        tool_version=__version__,
        created_utc=created_utc,
        scale=Scale(scale),
        machine=hardware.cpu_name.value or "unknown CPU",
        cpus=os.cpu_count() or 1,
        load_average=load_average,
        software=_software(hardware),
        results=found.results,
    )
    _put(table, output, as_json=as_json, force=force)
    return _status(found)


def _put(table: ClaimTable, output: Path | None, *, as_json: bool, force: bool) -> None:
    if output is None:
        click.echo(claims_json(table) if as_json else claims_terminal(table), nl=False)
        return
    suffix = output.suffix.lower()
    is_json = as_json or suffix == ".json"
    text = claims_json(table) if is_json else claims_terminal(table)
    if not is_json and suffix in MARKDOWN_SUFFIXES:
        text = claims_markdown(table)
    write_whole(output, text.encode(), force=force)


def _status(found: Examination) -> int:
    if found.stopped_by is not None:
        return 128 + found.stopped_by
    return 1 if any(result.failed for result in found.results) else 0


def _load_average() -> float | None:
    with contextlib.suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return None


def _software(hardware: HardwareInfo) -> dict[str, str]:
    return {name: hardware.software[name] for name in ("torch", "numpy", "onnxruntime") if name in hardware.software}
