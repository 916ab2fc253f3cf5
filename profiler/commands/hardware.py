"""Show what this machine is, each fact with its source."""

from pathlib import Path

import click
import msgspec

from profiler.hardware.capture import capture_hardware
from profiler.records import HardwareInfo
from profiler.report.facts import hardware_lines


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, as `run` stores it.")
@click.option(
    "--root", type=click.Path(path_type=Path), default="/", show_default=True,
    help="Read a recorded tree of /proc and /sys instead of this machine.",
)  # fmt: skip
def command(as_json: bool, root: Path) -> None:  # noqa: FBT001 - click's way
    """Show what this machine is: cores, caches, memory, clocks, software. What cannot be read is "unknown".

    No serial number, host name or address is read or stored.
    """
    hardware = capture_hardware(root)
    if as_json:
        click.echo(format_hardware_json(hardware), nl=False)
        return
    for label, text in hardware_lines(hardware):
        click.echo(f"{label:<15}{text}")


def format_hardware_json(hardware: HardwareInfo) -> str:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(hardware), indent=1).decode() + "\n"
