"""The command line: a module per command, whose docstring is its help. `main` is the only place that catches errors.

Results go to standard output or the named file, progress and warnings to standard error. Exit status: 0 done,
1 a failure was measured and is in the report, 2 bad usage or bad input, 128 + n ended by signal n.
"""

import importlib
import os
import signal
import sys
from typing import Any

import click

from profiler import __version__
from profiler.base.errors import ProfilerError, RunInterruptedError
from profiler.base.signals import unwind
from profiler.base.text import plain, shorten
from profiler.models.layout import ShapeError

COMMANDS = (
    "profile", "export", "hardware", "run", "remote", "report", "compare", "explain", "selfcheck", "claims", "suites",
)  # fmt: skip
_MAX_LINE = 2000  # of columns that a complaint takes, whatever it names


class _LazyGroup(click.Group):
    """Imports a command's module when it is asked for: `--help` reads all of them, `run` only its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"profiler.commands.{cmd_name}")
        command: click.Command = module.command
        command.help = command.help or module.__doc__
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Whoever reads our output may have seen enough: that is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
            return 0


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="layout-profiler")
def cli() -> None:
    """Does storing a Linear layer's weight transposed pay off on this computer?

    `profile` answers for this machine. For a board: `export` here, `run` there (or `remote` from here), `report`
    anywhere.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    from profiler.models.suite import SuiteError

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup keeps SIGHUP away
            signal.signal(number, unwind)  # `run` has its own way; all others clean up as they unwind
    try:
        status = cli.main(arguments, prog_name="layout-profiler", standalone_mode=False)
    except click.exceptions.Abort:
        fail("interrupted", status=130)
    except click.ClickException as error:
        command = getattr(error, "ctx", None)
        fail(f"{error.format_message()} See: {command.command_path if command else 'layout-profiler'} --help")
    except RunInterruptedError as error:
        fail(str(error), status=128 + error.number)
    except (ProfilerError, ShapeError, SuiteError) as error:
        fail(str(error))
    except OSError as error:  # everything we open is handled where it is opened; this is standard output
        fail(f"{error.filename or 'standard output'}: {error.strerror}")
    except MemoryError:
        fail("out of memory; choose smaller shapes or a smaller batch")
    sys.exit(status if isinstance(status, int) else 0)


def fail(message: str, *, status: int = 2) -> None:
    """Print one line and exit."""
    line = shorten(plain(" ".join(message.split())), _MAX_LINE)
    click.echo(f"layout-profiler: {line}", err=True)
    sys.exit(status)
