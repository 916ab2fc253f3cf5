"""Show why: how many cache misses each layout causes, counted here or simulated with a board's caches."""

import contextlib
from pathlib import Path

import click

from profiler.artifacts.bundle import find_bundle, in_folder
from profiler.artifacts.records import Form
from profiler.base.errors import MissingToolError, OptionError
from profiler.commands.options import BATCH, quiet_option
from profiler.machine.capture import capture_hardware
from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.measure.counting.boards import choose_board
from profiler.measure.counting.counters import try_counters
from profiler.measure.counting.evidence import Explanation, Geometry, Source, SourceName
from profiler.measure.counting.gather import Counter, explain_cases
from profiler.measure.counting.geometry import USUAL_LINE_BYTES, board_geometry, machine_geometry
from profiler.measure.counting.select import Choice, choose_cases
from profiler.measure.counting.simulation import simulation
from profiler.measure.plan import needed_entries
from profiler.report.explanation import format_json, render_explanation


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("cases", nargs=-1, metavar="[CASE]...")
@click.option(
    "--as", "board",
    help="Simulate the caches of this board: an id of the board table or a name, such as rpi-3, pi4, rk3588, or"
    " rk3588/cortex-a55 for one of its cores.  [default: this machine's own caches]",
)  # fmt: skip
@click.option(
    "--runtime", "runtimes", multiple=True, help="Runtime to look at. Repeatable.  [default: as `run`, those installed]"
)
@click.option(
    "--workload", "workloads", multiple=True,
    help="Workload of the bundle. Repeatable.  [default: the one with the largest weights]",
)  # fmt: skip
@click.option(
    "--batch", "batches", type=BATCH, multiple=True,
    help="One of its batches. Repeatable.  [default: the smallest]",
)  # fmt: skip
@click.option(
    "--form", type=click.Choice([item.value for item in Form]), default="controlled", show_default=True,
    help="Which pair of files: see `run`.",
)  # fmt: skip
@click.option(
    "--source", "wanted", type=click.Choice([item.value for item in SourceName]),
    help="Ask one source alone.  [default: both]",
)  # fmt: skip
@click.option("--calls", type=click.IntRange(1, 1_000_000), help="Calls to count.  [default: by size]")
@click.option("--json", "as_json", is_flag=True, help="Print all counts as JSON.")
@quiet_option
def command(  # noqa: PLR0913 - one per option
    bundle: Path,
    cases: tuple[str, ...],
    board: str | None,
    runtimes: tuple[str, ...],
    workloads: tuple[str, ...],
    batches: tuple[tuple[int, ...], ...],
    form: str,
    wanted: str | None,
    calls: int | None,
    as_json: bool,  # noqa: FBT001 - click's way
    quiet: bool,  # noqa: FBT001
) -> int:
    """Count the cache misses of both layouts of cases in BUNDLE, a folder or a zip, and say what the counts tell.

    A CASE is written as in a session: onnxruntime/controlled/linear-64x64/b1; without one, options choose. Two
    sources: the hardware counters of this machine, and a simulation of caches, a board's with --as, by valgrind (which
    needs valgrind and a C compiler installed). Each says what it cannot tell. Exit status 1 if something could not be
    counted.
    """
    opened = find_bundle(bundle)
    choice = Choice(runtimes=runtimes, workloads=workloads, batches=batches, form=Form(form))
    chosen = choose_cases(opened, cases, choice)
    if board is not None and wanted == SourceName.COUNTERS:
        raise OptionError("--as simulates a board's caches; hardware counters are this machine's own")
    hardware = capture_hardware()

    def say(text: str) -> None:
        if not quiet:
            click.echo(f"explain: {text}", err=True)

    with contextlib.ExitStack() as stack:
        counting, sources = _sources(stack, board, wanted, hardware)
        explanation = explain_cases(
            stack.enter_context(in_folder(opened, needed_entries(chosen), say=say)),
            chosen,
            counting,
            sources,
            machine_line_bytes=_line_bytes(hardware.caches),
            calls=calls,
            on_arm=say,
        )
    click.echo(format_json(explanation) if as_json else render_explanation(explanation), nl=False)
    return exit_status(explanation)


def exit_status(explanation: Explanation) -> int:
    """0, or 1 where something could not be counted."""
    return 1 if any(arm.problem for arm in explanation.counted) else 0


def _sources(
    stack: contextlib.ExitStack, board: str | None, wanted: str | None, hardware: HardwareInfo
) -> tuple[list[Counter], list[Source]]:
    """The sources that can count, and all of them in words.

    Raises:
        OptionError: a board that is not known, or caches that cannot be simulated, where no counters help out.
        MissingToolError: the simulation was asked for, or is all there is, and lacks a program.
    """
    counting: list[Counter] = []
    sources: list[Source] = []
    if wanted != SourceName.SIMULATION:
        counters = try_counters()
        sources.append(counters.source)
        if counters.events:
            counting.append(counters)
        elif wanted == SourceName.COUNTERS:
            raise OptionError(f"{sources[0].what}: {sources[0].problem}")
    if wanted != SourceName.COUNTERS:
        try:
            simulated = stack.enter_context(simulation(_geometry(board, hardware)))
        except (MissingToolError, OptionError) as error:
            if board is not None or not counting:
                raise
            problem = str(error)
            text = "caches simulated by valgrind"
            sources.append(Source(name=SourceName.SIMULATION, what=text, tells="", cannot_tell="", problem=problem))
        else:
            counting.append(simulated)
            sources.append(simulated.source)
    return counting, sources


def _geometry(board: str | None, hardware: HardwareInfo) -> Geometry:
    return machine_geometry(hardware) if board is None else board_geometry(*choose_board(board))


def _line_bytes(caches: tuple[CacheInfo, ...]) -> int:
    lines = (cache.line_size_bytes for cache in caches if cache.level == 1 and cache.type == "data")
    return next((line for line in lines if line), USUAL_LINE_BYTES)
