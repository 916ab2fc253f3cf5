"""Which kinds of core there are: part numbers from sysfs and `/proc/cpuinfo`, names from the core table."""

from collections.abc import Mapping
from pathlib import Path

from profiler.machine.reconcile import disagreement
from profiler.machine.records import Conflict, CoreType, Fact
from profiler.machine.sources import cpuinfo, sysfs
from profiler.machine.sources.boardtable import core_by_uarch, core_name
from profiler.machine.sources.cpufreq import read_frequencies
from profiler.machine.sources.cpuinfo import CpuInfo, Processor
from profiler.machine.sources.source import list_folder, read_text

_Key = tuple[str | None, int | None, int | None, str]
MIDR_SOURCE = "sysfs, midr_el1"


def capture_core_types(root: Path, found: CpuInfo) -> tuple[tuple[CoreType, ...], tuple[Conflict, ...]]:
    """The kinds of core in the order of their first CPU, and where both sources differ."""
    midrs = sysfs.read_midrs(root)
    processors = {processor.cpu: processor for processor in found.processors}
    if found.has_one_part and _differ(root):
        processors = {cpu: Processor(cpu, name=processor.name) for cpu, processor in processors.items()}
    hybrid = {cpu: name for name, cpus in sysfs.read_hybrid_cpus(root).items() for cpu in cpus}
    kinds: dict[_Key, list[int]] = {}
    conflicts: dict[Conflict, None] = {}
    for cpu in sorted({*midrs, *processors}):
        key, conflict = _key(midrs.get(cpu), processors.get(cpu, Processor(cpu)), hybrid)
        kinds.setdefault(key, []).append(cpu)
        conflicts.update(dict.fromkeys(conflict))
    core_types = tuple(
        CoreType(name=key[0], implementer=key[1], part=key[2], cpus=tuple(cpus), source=key[3])
        for key, cpus in kinds.items()
    )
    return core_types, tuple(conflicts)


def core_of(core_types: tuple[CoreType, ...]) -> dict[int, str | None]:
    """The name of each CPU's core type."""
    return {cpu: core_type.name for core_type in core_types for cpu in core_type.cpus}


def _key(midr: int | None, processor: Processor, hybrid: Mapping[int, str]) -> tuple[_Key, tuple[Conflict, ...]]:
    """The kind of one CPU. MIDR: implementer in bits 31:24, part in 15:4 (Arm architecture reference manual)."""
    told = (processor.implementer, processor.part)
    by_file = Fact(value=told, source=cpuinfo.SOURCE, raw=_raw(*told)) if processor.part is not None else None
    register = None if midr is None else (midr >> 24 & 0xFF, midr >> 4 & 0xFFF)
    by_register = Fact(value=register, source=MIDR_SOURCE, raw=None if midr is None else f"{midr:#018x}")
    facts = [fact for fact in (by_register, by_file) if fact is not None and fact.value is not None]
    if facts:
        implementer, part = facts[0].value or (None, None)
        named = [
            Fact(value=core_name(*(fact.value or (None, None))) or fact.raw, source=fact.source, raw=fact.raw)
            for fact in facts
        ]
        is_same = len({fact.value for fact in facts}) == 1
        conflicts = () if is_same else disagreement("core type", named)
        return (core_name(implementer, part), implementer, part, facts[0].source), conflicts
    name = processor.name
    core = core_by_uarch(name) if name else None
    if core is not None:
        name = core.name
    elif name and processor.cpu in hybrid:
        name = f"{name} ({hybrid[processor.cpu]})"
    return (name, None, None, cpuinfo.SOURCE), ()


def _differ(root: Path) -> bool:
    """Whether CPUs of one kernel have unlike clocks or clusters, so that one part number cannot be that of all."""
    folder = root / sysfs.CPU_FOLDER
    clusters = {read_text(path) for path in list_folder(folder, "cpu[0-9]*/topology/physical_package_id")}
    return len(set(read_frequencies(root, "cpuinfo_max_freq").values())) > 1 or len(clusters) > 1


def _raw(implementer: int | None, part: int | None) -> str:
    return f"implementer {implementer or 0:#x} part {part or 0:#x}"
