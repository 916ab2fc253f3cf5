"""Measure a bundle on a board over SSH."""

import asyncio
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from profiler.artifacts.bundle import find_bundle, in_folder
from profiler.base.errors import OptionError, OutputError
from profiler.commands.measuring import choose_looks
from profiler.commands.options import (
    ConfidenceType,
    MarginType,
    combine,
    force_option,
    measure_options,
    quiet_option,
)
from profiler.runtimes import runtime_info


@click.command()
@click.argument("host")
@click.argument("bundle", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder for session.jsonl and hardware.json.")
@combine(
    click.option(
        "--wheelhouse", type=click.Path(path_type=Path),
        help="Install there from this folder of wheels, for a board that is offline.",
    ),
    click.option("--stop", "is_to_stop", is_flag=True, help="End this run there and fetch what it measured."),
    click.option(
        "--clean", "is_to_clean", is_flag=True,
        help="Leave nothing there once the session is fetched. Without BUNDLE: remove all that earlier calls left.",
    ),
    click.option(
        "--remote-dir", "base", default="",
        help="Where on the board everything lies.  [default: ~/.cache/layout-profiler/remote]",
    ),
    click.option("--python", default="", help="The Python to use there.  [default: the first from 3.11 on]"),
    measure_options,
    force_option,
    quiet_option,
)  # fmt: skip
def command(  # noqa: PLR0913 - one per option
    host: str,
    bundle: Path | None,
    output: Path | None,
    wheelhouse: Path | None,
    is_to_stop: bool,  # noqa: FBT001 - click's way
    is_to_clean: bool,  # noqa: FBT001
    base: str,
    python: str,
    force: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    **chosen: Any,
) -> int:
    """Measure BUNDLE on the board HOST over SSH, and fetch its session.

    HOST is what `ssh HOST` takes. Your SSH configuration, agent and known hosts hold; no password is asked for. The
    board is checked, gets this program (base install, in an environment of its own) and the bundle, once, and measures
    by itself: when the connection drops or you press Ctrl-C the run goes on, and the same command attaches to it
    again. The board needs Python 3.11 or newer with venv. Needs the extra "remote" here.
    """
    arguments = _for_run(click.get_current_context(), **chosen)
    if not (base + python).isprintable():
        raise OptionError("--remote-dir and --python are paths on the board, in printable letters")
    if bundle is None:
        if not is_to_clean or is_to_stop or output is not None:
            raise OptionError("name a BUNDLE to measure; without one there is only --clean")
        return _clean(host, base=base, python=python)
    if output is None:
        raise OptionError("name the folder for the session with -o")
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file; name a folder")

    from profiler.measure.remote.connect import parse_address
    from profiler.measure.remote.measure import Order, measure
    from profiler.measure.remote.runs import plan_run

    address, found = parse_address(host), find_bundle(bundle)
    say = _silent if quiet else _Speaker(str(address))
    with in_folder(found, found.manifest.entries, say=say) as opened:
        order = Order(
            bundle=opened,
            plan=plan_run(opened, arguments),
            output=output,
            base=base,
            python=python,
            wheelhouse=wheelhouse,
            force=force,
            is_to_stop=is_to_stop,
            is_to_clean=is_to_clean,
        )
        result = asyncio.run(measure(address, order, say=say))
    count = len(result.session.blocks)
    click.echo(f"{result.path}: {count} blocks of {len(result.session.header.cases)} cases from {address}")
    click.echo(f"  read it with: layout-profiler report {result.path}")
    if result.problem:
        click.echo(f"layout-profiler: {result.problem}", err=True)
    return result.status


def _clean(host: str, *, base: str, python: str) -> int:
    from profiler.measure.remote.check import check
    from profiler.measure.remote.clean import clean
    from profiler.measure.remote.connect import connect, parse_address

    async def act() -> None:
        async with connect(parse_address(host)) as board:
            await clean(board, await check(board, base=base, python=python))

    asyncio.run(act())
    click.echo(f"{host}: removed everything there")
    return 0


class _Speaker:
    """Prints what happens on standard error."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, text: str) -> None:
        click.echo(f"{self._name}: {text}", err=True)


def _silent(_: str) -> None:
    pass


def _for_run(context: click.Context, **chosen: Any) -> tuple[str, ...]:
    """The measurement's options as `run` takes them: those that were given, in one spelling.

    Raises:
        OptionError: a runtime that nobody knows, or options that contradict each other.
    """
    for name in chosen["runtimes"]:
        runtime_info(name)
    choose_looks(chosen["passes"], chosen["looks"])
    if chosen["identical"] and chosen["slower"]:
        raise OptionError("--identical and --slower are two controls; give one of them")
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in chosen and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            for value in chosen[name] if parameter.multiple else (chosen[name],):
                words.append(parameter.opts[0])
                words += [] if value is True else [_spell(parameter.type, value)]
    return tuple(words)


def _spell(kind: click.ParamType[Any], value: Any) -> str:
    """A value as the command line takes it."""
    if isinstance(kind, MarginType | ConfidenceType):
        return f"{value * 100:.6f}%"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "auto" if value is None else str(value)
