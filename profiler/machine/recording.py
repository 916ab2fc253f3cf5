"""What no file tells: asked of the running machine, or read from the `recording.json` of a recorded tree.

`scripts/record_hardware.py` writes that file at the root of the trees it makes.
"""

import os
import platform
import struct
from pathlib import Path

import msgspec

from profiler.machine.sources import vcgencmd
from profiler.machine.sources.devicetree import read_compatible
from profiler.machine.sources.source import MAX_NAME, read_bytes
from profiler.machine.sources.statements import MAX_CPU

LIVE = Path("/")
NAME = "recording.json"
MAX_PAGE_BYTES = 1 << 30


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a machine that are in no file. `vcgencmd` has the answers of a Raspberry Pi's firmware by question."""

    machine: str | None = None
    pointer_bits: int | None = None
    page_size_bytes: int | None = None
    cpus_allowed: tuple[int, ...] | None = None
    system: str | None = None
    vcgencmd: dict[str, str] = msgspec.field(default_factory=dict)


def read_recording(root: Path) -> Recording:
    """Ask the running machine if `root` is `/`, else read the recording; empty where there is none or it is damaged."""
    if root == LIVE:
        return Recording(
            machine=platform.machine() or None,
            pointer_bits=struct.calcsize("P") * 8,
            page_size_bytes=_page_size(),
            cpus_allowed=tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else None,
            system=platform.system() or None,
            vcgencmd=vcgencmd.ask(read_compatible(root)),
        )
    try:
        return _sane(msgspec.json.decode(read_bytes(root / NAME) or b"{}", type=Recording))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Recording()


def _sane(told: Recording) -> Recording:
    """A recording without what no machine has."""
    page, cpus = told.page_size_bytes, told.cpus_allowed
    return Recording(
        machine=told.machine and told.machine[:MAX_NAME],
        pointer_bits=told.pointer_bits if told.pointer_bits in {32, 64} else None,
        page_size_bytes=page if page and 0 < page <= MAX_PAGE_BYTES else None,
        cpus_allowed=None if cpus is None or not all(0 <= cpu <= MAX_CPU for cpu in cpus) else cpus[: MAX_CPU + 1],
        system=told.system and told.system[:MAX_NAME],
        vcgencmd={name: text for name, text in told.vcgencmd.items() if name in vcgencmd.QUESTIONS},
    )


def _page_size() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
