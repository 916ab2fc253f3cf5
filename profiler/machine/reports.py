"""Hardware reports as files, and as the name that other reports call a machine by."""

from pathlib import Path

import msgspec

from profiler.base.errors import HardwareError
from profiler.base.files import read_limited
from profiler.base.record import version_problem
from profiler.machine.records import HARDWARE_SCHEMA, HardwareInfo

MAX_BYTES = 10_000_000


def load_hardware(path: Path) -> HardwareInfo:
    """Read a hardware report written by `hardware --json`.

    Raises:
        HardwareError: it is missing, damaged, or of a version that this program does not read.
    """
    try:
        text = read_limited(path, MAX_BYTES)
    except OSError as error:
        raise HardwareError(f"cannot read the hardware report {path}: {error.strerror}") from error
    if len(text) > MAX_BYTES:
        raise HardwareError(f"{path} is no hardware report: it is longer than {MAX_BYTES} bytes")
    problem = version_problem(text, HARDWARE_SCHEMA, oldest=HARDWARE_SCHEMA)
    if problem:
        raise HardwareError(f"{path} {problem}")
    try:
        return msgspec.json.decode(text, type=HardwareInfo)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HardwareError(f"{path} is no hardware report: {error}") from error


def machine_name(hardware: HardwareInfo) -> str:
    """The board if its firmware names it, else the processor."""
    return hardware.board.model.value or hardware.cpu_name.value or "this unknown machine"


def differing_facts(first: HardwareInfo, other: HardwareInfo) -> list[str]:
    """What shows that two reports are of different machines; nothing where they may be of one.

    Nothing that identifies a machine is stored, so two boards of one model cannot be told apart.
    """
    facts = [
        ("board", first.board.model.value, other.board.model.value),
        ("processor", first.cpu_name.value, other.cpu_name.value),
        ("architecture", first.machine.value, other.machine.value),
        ("CPUs", first.logical_cpus.value, other.logical_cpus.value),
        ("virtual machine", first.environment.vm.value, other.environment.vm.value),
        ("cores", _cores(first), _cores(other)),
    ]
    return [
        f"{name} {'unknown' if now is None else now} instead of {'unknown' if was is None else was}"
        for name, was, now in facts
        if was != now
    ]


def _cores(hardware: HardwareInfo) -> str:
    return ", ".join(f"{len(core.cpus)} x {core.name or core.part or 'unknown'}" for core in hardware.core_types)
