"""Show what this machine is, each fact with its source."""

import sys
from pathlib import Path

import click
import msgspec

from profiler.base.errors import OptionError
from profiler.commands.screen import screen_of
from profiler.machine.capture import capture_hardware
from profiler.machine.limits.capture import capture_known, capture_measured
from profiler.machine.recording import LIVE
from profiler.machine.records import HardwareInfo
from profiler.report.terminal import render_machine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, as `run` stores it.")
@click.option(
    "--root", type=click.Path(path_type=Path), default="/", show_default=True,
    help="Read a recorded tree (scripts/record_hardware.py) instead of this machine.",
)  # fmt: skip
@click.option(
    "--measure", "is_measured", is_flag=True,
    help="Measure what this machine can do at best: where caches end, bandwidth, multiply-adds, timer. Under 20 s on a"
    " Raspberry Pi 4; `run` uses the result until the next boot.",
)  # fmt: skip
def command(as_json: bool, root: Path, is_measured: bool) -> int:  # noqa: FBT001 - click's way
    """Show what this machine is: cores, caches, memory, clocks, conditions, software, and what to mind before a run.

    Each fact names its source; what cannot be read is "unknown"; where sources differ, all are shown. Nothing on the
    machine is changed. No serial number, host name or address is read or stored.
    """
    if is_measured and root != LIVE:
        raise OptionError("--measure measures this machine; a recorded tree of --root cannot be measured")
    if is_measured:
        hardware = capture_measured(on_stage=lambda text: click.echo(f"hardware: {text}", err=True))
    else:
        hardware = capture_known() if root == LIVE else capture_hardware(root)
    click.echo(format_hardware_json(hardware) if as_json else render_machine(hardware, screen_of(sys.stdout)), nl=False)
    is_missing = is_measured and not (hardware.measured and hardware.measured.cores)
    return 1 if is_missing else 0


def format_hardware_json(hardware: HardwareInfo) -> str:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(hardware), indent=1).decode() + "\n"
