"""Asks all sources and brings them together into one report. Unknown is shown as unknown, a conflict as a conflict."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from profiler import __version__
from profiler.base.errors import HardwareError
from profiler.machine.board import UNKNOWN_BOARD, capture_board, capture_memory, find_row
from profiler.machine.conditions import Clocks, capture_conditions, without_clocks
from profiler.machine.cores import capture_core_types, core_of
from profiler.machine.environment import NONE, capture_environment, is_emulated
from profiler.machine.facts import UNKNOWN, fact, live_fact
from profiler.machine.knees import reconcile_measured
from profiler.machine.limits.records import MachineLimits
from profiler.machine.memory import page_size
from profiler.machine.reconcile import disagreement, first_known, reconcile_caches
from profiler.machine.recording import LIVE, read_recording
from profiler.machine.records import HARDWARE_SCHEMA, Conflict, CoreType, Fact, HardwareInfo, System
from profiler.machine.software import capture_software
from profiler.machine.sources import boardstatements, darwin, devicetree, sysfs, windows
from profiler.machine.sources.boardtable import BoardRow
from profiler.machine.sources.brand import capture_brand
from profiler.machine.sources.cpufreq import read_clock_domains
from profiler.machine.sources.cpuinfo import SOURCE as CPUINFO
from profiler.machine.sources.cpuinfo import CpuInfo, capture_cpuinfo, parse_cpuinfo
from profiler.machine.sources.source import is_folder
from profiler.machine.sources.statements import CacheStatement
from profiler.machine.system import capture_system, kernel, operating_system


def capture_hardware(root: Path = LIVE, measured: MachineLimits | None = None) -> HardwareInfo:
    """The hardware report of the machine whose files lie below `root`.

    A recorded tree tells nothing of its software; names and versions of this program's own libraries are left out.

    Args:
        root: `/`, or a recorded tree.
        measured: what this machine was seen to do at best: it fills in cache sizes that nothing else tells.

    Raises:
        HardwareError: `root` is no folder.
    """
    if not is_folder(root):
        raise HardwareError(f"{root} is no folder; --root takes a recorded tree with /proc and /sys in it")
    recording = read_recording(root)
    cpuinfo = capture_cpuinfo(root)
    environment = capture_environment(root, cpuinfo, recording)
    is_host = is_emulated(environment)  # then these files describe the host, not the machine that the program sees
    if is_host:
        cpuinfo = parse_cpuinfo("")
    core_types, conflicts = ((), ()) if is_host else capture_core_types(root, cpuinfo)
    names = core_of(core_types)
    row = None if is_host else find_row(root, cpuinfo, core_types)
    logical, logical_conflict = _logical_cpus(root, cpuinfo)
    sources = [] if is_host else _cache_sources(root, row, core_types, logical.value or 0)
    caches, cache_conflicts = reconcile_caches(sources, names, sysfs.online_set(root))
    caches, knee_conflicts = reconcile_measured(
        caches, None if is_host else measured, core_types, is_virtual=environment.vm.value not in {None, NONE}
    )
    conditions = capture_conditions(root, started=Clocks.now(), recording=recording)
    board, board_conflicts = (UNKNOWN_BOARD, ()) if is_host else capture_board(root, cpuinfo, row)
    name, flags = _name_and_flags(root, cpuinfo, core_types)
    return HardwareInfo(
        schema_version=HARDWARE_SCHEMA,
        tool_version=__version__,
        cpu_name=name,
        cpu_flags=flags,
        core_types=core_types,
        logical_cpus=logical,
        physical_cores=first_known((sysfs.physical_cores(root), _counted_cores(root))),
        caches=caches,
        memory=capture_memory(root, row),
        board=board,
        machine=fact(recording.machine, "uname"),
        pointer_bits=fact(recording.pointer_bits, "this Python" if root == LIVE else "recording"),
        operating_system=operating_system(root, recording),
        kernel=kernel(root),
        software=capture_software() if root == LIVE else {},
        conditions=without_clocks(conditions) if is_host else conditions,
        clock_domains=() if is_host else read_clock_domains(root, names),
        environment=environment,
        system=System(page_size_bytes=page_size(recording)) if is_host else capture_system(root, recording),
        conflicts=(*board_conflicts, *conflicts, *logical_conflict, *cache_conflicts, *knee_conflicts),
        measured=measured,
    )


def _cache_sources(
    root: Path, row: BoardRow | None, core_types: tuple[CoreType, ...], cpus: int
) -> list[list[CacheStatement]]:
    """What every source says, the most believed first."""
    return [
        sysfs.cache_statements(root),
        devicetree.cache_statements(root, sysfs.tree_nodes(root), core_of(core_types)),
        darwin.cache_statements() if root == LIVE else [],
        windows.cache_statements() if root == LIVE else [],
        boardstatements.cache_statements(row, core_types, range(cpus)),
    ]


def _name_and_flags(
    root: Path, cpuinfo: CpuInfo, core_types: Sequence[CoreType]
) -> tuple[Fact[str], Fact[tuple[str, ...]]]:
    """Brand and flags; py-cpuinfo is asked only where Linux' files give none, since it takes over a second."""
    brand = cpuinfo.fields.get("model name")
    named = [core for core in core_types if core.name]
    arm = " + ".join(f"{len(core.cpus)}x {core.name}" for core in named)
    name = Fact(value=brand, source=CPUINFO, raw=f"model name: {brand}") if brand else UNKNOWN
    if arm and cpuinfo.architecture != "x86":
        raw = ", ".join(f"{len(core.cpus)} x {core.implementer or 0:#x}/{core.part or 0:#x}" for core in named)
        name = Fact(value=arm, source=f"{named[0].source}, core table", raw=raw)
    flags = Fact(value=cpuinfo.flags, source=CPUINFO if cpuinfo.flags else "unknown")
    if root == LIVE and name.value is None and sys.platform != "linux":
        return capture_brand()
    return name, flags


def _logical_cpus(root: Path, cpuinfo: CpuInfo) -> tuple[Fact[int], tuple[Conflict, ...]]:
    told = [
        sysfs.online_cpus(root),
        fact(len(cpuinfo.processors), CPUINFO),
        live_fact(os.cpu_count(), "os.cpu_count", root),
    ]
    return first_known(told), disagreement("online CPUs", told)


def _counted_cores(root: Path) -> Fact[int]:
    """By psutil, where it is installed: it has no wheels for some boards, and sysfs nearly always tells."""
    if root != LIVE:
        return Fact(value=None, source="unknown")
    try:
        import psutil
    except ImportError:
        return Fact(value=None, source="unknown")
    return fact(psutil.cpu_count(logical=False), "psutil")
