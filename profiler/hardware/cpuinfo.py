"""Names, flags and core types from `/proc/cpuinfo`.

x86 gives `model name` and `flags`. 64-bit Arm gives neither a name nor a clock but the MIDR fields of every CPU
(`CPU implementer`, `CPU part`) and `Features`; RISC-V gives `uarch` and `isa`.
"""

import dataclasses
from pathlib import Path

from profiler.hardware.source import parse_int, read_text
from profiler.records import CoreType, Fact

SOURCE = "/proc/cpuinfo"
ARM = 0x41
# MIDR part numbers of Arm Ltd: util-linux sys-utils/lscpu-arm.c
_ARM_CORES = {
    0xB76: "ARM1176JZF-S", 0xC07: "Cortex-A7", 0xC08: "Cortex-A8", 0xC09: "Cortex-A9", 0xC0F: "Cortex-A15",
    0xD03: "Cortex-A53", 0xD04: "Cortex-A35", 0xD05: "Cortex-A55", 0xD07: "Cortex-A57", 0xD08: "Cortex-A72",
    0xD09: "Cortex-A73", 0xD0A: "Cortex-A75", 0xD0B: "Cortex-A76", 0xD0D: "Cortex-A77", 0xD41: "Cortex-A78",
    0xD42: "Cortex-A78AE",
}  # fmt: skip
_UNKNOWN: Fact[str] = Fact(value=None, source="unknown")


@dataclasses.dataclass(frozen=True)
class CpuInfo:
    """What the file tells. Serial numbers in it are not read."""

    name: Fact[str]
    flags: Fact[tuple[str, ...]]
    core_types: tuple[CoreType, ...]
    cpus: int


def capture_cpuinfo(root: Path) -> CpuInfo:
    """Parse `/proc/cpuinfo` below `root`."""
    return parse_cpuinfo(read_text(root / "proc/cpuinfo") or "")


def parse_cpuinfo(text: str) -> CpuInfo:
    """Parse the text of `/proc/cpuinfo`: blocks of `key : value` lines, one per CPU, then lines for the whole."""
    processors: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon:
            continue
        if key == "processor" and parse_int(value) is not None:
            processors.append({})
        (processors[-1] if processors else fields).setdefault(key, value)
        fields.setdefault(key, value)
    core_types = _core_types(processors)
    return CpuInfo(
        name=_name(fields, core_types),
        flags=_flags(fields),
        core_types=core_types,
        cpus=len(processors),
    )


def _name(fields: dict[str, str], core_types: tuple[CoreType, ...]) -> Fact[str]:
    for key in ("model name", "uarch"):
        if fields.get(key):
            return Fact(value=fields[key], source=SOURCE, raw=f"{key}: {fields[key]}")
    names = [f"{len(core.cpus)}x {core.name}" for core in core_types if core.name]
    if names:
        raw = ", ".join(f"implementer {core.implementer:#x} part {core.part:#x}" for core in core_types if core.name)
        return Fact(value=" + ".join(names), source=f"{SOURCE}, Arm part numbers", raw=raw)
    return _UNKNOWN


def _flags(fields: dict[str, str]) -> Fact[tuple[str, ...]]:
    for key in ("flags", "Features", "isa"):
        if fields.get(key):
            return Fact(value=tuple(sorted(set(fields[key].split()))), source=f"{SOURCE}, {key}")
    return Fact(value=None, source="unknown")


def _core_types(processors: list[dict[str, str]]) -> tuple[CoreType, ...]:
    found: dict[tuple[str, ...], list[int]] = {}
    for position, fields in enumerate(processors):
        cpu = parse_int(fields.get("processor"))
        keys = ("CPU implementer", "CPU part", "uarch", "model name")
        found.setdefault(tuple(fields.get(key, "") for key in keys), []).append(position if cpu is None else cpu)
    return tuple(_core_type(key, tuple(cpus)) for key, cpus in found.items())


def _core_type(key: tuple[str, ...], cpus: tuple[int, ...]) -> CoreType:
    implementer, part = parse_int(key[0], 16), parse_int(key[1], 16)
    name = key[2] or key[3] or None
    if implementer == ARM and part is not None:
        name = _ARM_CORES.get(part)
    return CoreType(name=name, implementer=implementer, part=part, cpus=cpus, source=SOURCE)
