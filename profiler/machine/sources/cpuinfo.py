"""Names, flags, part numbers and the revision code from `/proc/cpuinfo`.

x86 gives `model name` and `flags`. 64-bit Arm gives neither a name nor a clock but the MIDR fields of every CPU
(`CPU implementer`, `CPU part`) and `Features`; RISC-V gives `uarch` and `isa`. Kernels of Raspberry Pis add `Model` and
`Revision`, which name the kind of board; the `Serial` beside them names the unit and is not read.
"""

import dataclasses
from pathlib import Path
from typing import Literal

from profiler.machine.sources.source import MAX_NAME, parse_int, read_text
from profiler.machine.sources.statements import MAX_CPU

SOURCE = "/proc/cpuinfo"
Architecture = Literal["arm", "x86", "riscv"]
_MARKS: dict[Architecture, tuple[str, ...]] = {
    "arm": ("CPU implementer", "CPU part", "Features"),
    "x86": ("vendor_id", "cpu family"),
    "riscv": ("isa", "uarch", "hart"),
}
_LONG = ("flags", "Features", "isa")
_KEYS = ("vendor_id", "model name", "flags", "Features", "isa", "uarch", "mvendorid")


@dataclasses.dataclass(frozen=True)
class Processor:
    """What the file tells of one CPU. `implementer` and `part` are the Arm MIDR fields."""

    cpu: int
    implementer: int | None = None
    part: int | None = None
    name: str | None = None


@dataclasses.dataclass(frozen=True)
class CpuInfo:
    """What the file tells. `fields` has the first value of the keys that matter."""

    architecture: Architecture | None
    has_one_part: bool
    processors: tuple[Processor, ...]
    fields: dict[str, str]
    model: str | None
    revision: int | None

    @property
    def flags(self) -> tuple[str, ...] | None:
        """The instruction sets that the processor has, sorted; None where the file tells none."""
        text = next((self.fields[key] for key in ("flags", "Features", "isa") if self.fields.get(key)), None)
        return tuple(sorted(set(text.split()))) if text else None


def capture_cpuinfo(root: Path) -> CpuInfo:
    """Parse `/proc/cpuinfo` below `root`."""
    return parse_cpuinfo(read_text(root / "proc/cpuinfo") or "")


def parse_cpuinfo(text: str) -> CpuInfo:
    """Parse the text of `/proc/cpuinfo`: blocks of `key : value` lines, one per CPU, then lines for the whole.

    Old kernels give the part number once, at the end, for all CPUs (`has_one_part`); the oldest of one CPU have no
    block for it.
    """
    blocks: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = (part.strip() for part in line.partition(":"))
        value = value if key in _LONG else value[:MAX_NAME]
        if not colon:
            continue
        if key == "processor" and parse_int(value) is not None:
            blocks.append({})
        if blocks:
            blocks[-1].setdefault(key, value)
        fields.setdefault(key, value)
    if not blocks and "CPU part" in fields:
        blocks = [fields]
    own = sum("CPU part" in block for block in blocks)
    return CpuInfo(
        has_one_part=own < len(blocks) and "CPU part" in fields,
        architecture=next((name for name, marks in _MARKS.items() if any(mark in fields for mark in marks)), None),
        processors=tuple(_processor(position, block, fields) for position, block in enumerate(blocks)),
        fields={key: fields[key] for key in _KEYS if fields.get(key)},
        model=fields.get("Model") or None,
        revision=parse_int(fields.get("Revision"), 16),
    )


def _processor(position: int, block: dict[str, str], fields: dict[str, str]) -> Processor:
    cpu = parse_int(block.get("processor"))
    own = block if "CPU part" in block else fields
    return Processor(
        cpu=cpu if cpu is not None and 0 <= cpu <= MAX_CPU else position,
        implementer=parse_int(own.get("CPU implementer"), 16),
        part=parse_int(own.get("CPU part"), 16),
        name=block.get("uarch") or block.get("model name") or None,
    )
