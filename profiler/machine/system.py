"""What runs on the board: operating system, kernel, firmware, and how memory is paged."""

import datetime
import os
import platform
import re
from pathlib import Path

from profiler.machine import memory
from profiler.machine.facts import UNKNOWN, fact, live_fact
from profiler.machine.reconcile import first_known
from profiler.machine.recording import LIVE, Recording
from profiler.machine.records import Fact, System
from profiler.machine.sources import devicetree, dmi, sysfs, vcgencmd
from profiler.machine.sources.source import read_text


def operating_system(root: Path, recording: Recording) -> Fact[str]:
    """The distribution's name for itself."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        match = re.search(r'^PRETTY_NAME="?([^"\n]{1,200})', read_text(root / name) or "", re.MULTILINE)
        if match:
            return Fact(value=match[1], source=f"/{name}", raw=match[0])
    if root == LIVE:
        return fact(platform.platform(terse=True), "platform")
    return fact(recording.system, "recording")


def kernel(root: Path) -> Fact[str]:
    """The release of the kernel that runs."""
    told = fact(read_text(root / "proc/sys/kernel/osrelease"), "/proc/sys/kernel/osrelease")
    return first_known((told, live_fact(os.uname().release if hasattr(os, "uname") else None, "uname", root)))


def capture_system(root: Path, recording: Recording) -> System:
    """Firmware, page size, huge pages and memory nodes."""
    return System(
        firmware=first_known(
            (
                fact(dmi.read_firmware(root), dmi.SOURCE),
                fact(vcgencmd.firmware_in(recording.vcgencmd), "vcgencmd version"),
                _bootloader(root),
            )
        ),
        page_size_bytes=memory.page_size(recording),
        transparent_huge_pages=memory.transparent_huge_pages(root),
        huge_pages=memory.huge_pages(root),
        numa_nodes=sysfs.numa_nodes(root),
    )


def _bootloader(root: Path) -> Fact[str]:
    built = devicetree.read_bootloader_time_s(root)
    if built is None:
        return UNKNOWN
    day = datetime.datetime.fromtimestamp(built, datetime.UTC).strftime("%Y-%m-%d")
    return Fact(value=f"bootloader of {day}", source="device tree, chosen/bootloader", raw=str(built))
