"""Memory and how it is paged: how much there is, page size, huge pages, memory nodes, and the control group's limit."""

import re
import sys
from pathlib import Path

from profiler.machine.recording import LIVE, Recording
from profiler.machine.records import Fact, Memory
from profiler.machine.sources.cgroup import memory_left_bytes
from profiler.machine.sources.source import is_file, is_folder, list_folder, parse_int, read_int, read_text

_MEMINFO = "proc/meminfo"
ADDRESSES_BYTES = 2 << 30  # of 32-bit processes: 3 GiB at most kernels, some of them taken by libraries and stacks
_THP = "sys/kernel/mm/transparent_hugepage/enabled"


def capture_memory(root: Path) -> Memory:
    """How much memory the kernel has, and how much is free to use."""
    found = _meminfo(root)
    if not found and root == LIVE:
        import psutil  # not on Linux, where it may be missing: it has no wheels for small architectures

        memory = psutil.virtual_memory()
        return Memory(
            total_bytes=Fact(value=memory.total, source="psutil"),
            available_bytes=Fact(value=memory.available, source="psutil"),
        )
    return Memory(total_bytes=_kibibytes(found, "MemTotal"), available_bytes=_kibibytes(found, "MemAvailable"))


def page_size(recording: Recording) -> Fact[int]:
    """The bytes of a page: 4 KiB on most boards, 16 KiB on a Raspberry Pi 5."""
    size = recording.page_size_bytes
    return Fact(value=size, source="sysconf" if size else "unknown")


def transparent_huge_pages(root: Path) -> Fact[str]:
    """`always`, `madvise` or `never`; `absent` where the kernel is built without them, as Raspberry Pi OS' is."""
    text = read_text(root / _THP)
    match = re.search(r"\[([a-z]{1,20})\]", text or "")
    if match:
        return Fact(value=match[1], source=f"/{_THP}", raw=text)
    if is_folder(root / "sys/kernel") and text is None:
        return Fact(value="absent", source=f"/{_THP} is missing")
    return Fact(value=None, source="unknown")


def huge_pages(root: Path) -> Fact[int]:
    """How many explicit huge pages are reserved, of all sizes together."""
    counts = [
        count
        for folder in list_folder(root / "sys/kernel/mm/hugepages", "hugepages-*")
        if (count := read_int(folder / "nr_hugepages")) is not None
    ]
    if counts:
        return Fact(value=sum(counts), source="/sys/kernel/mm/hugepages")
    found = _meminfo(root)
    count = parse_int(found.get("HugePages_Total"))
    return Fact(value=count, source=f"/{_MEMINFO}" if count is not None else "unknown")


def swap_used(root: Path) -> int | None:
    """The bytes in all swap areas."""
    lines = (read_text(root / "proc/swaps") or "").splitlines()[1:]
    used = [parse_int(line.split()[3]) for line in lines if len(line.split()) > 3]  # noqa: PLR2004 - name type size used
    if lines or is_file(root / "proc/swaps"):
        return 1024 * sum(kib for kib in used if kib is not None)
    if root != LIVE:
        return None
    import psutil

    try:
        return psutil.swap_memory().used
    except (OSError, RuntimeError):
        return None


def available_bytes(root: Path = LIVE) -> int:
    """What this process can still use without swapping.

    It is within what the limit of its control group leaves, and within the address space of a 32-bit process.
    """
    memory = capture_memory(root)
    known = (memory.available_bytes.value, memory_left_bytes(root), None if sys.maxsize > 1 << 32 else ADDRESSES_BYTES)
    # Kernels before 3.14 do not tell what is available; of what they have, half is a cautious guess
    guess = (memory.total_bytes.value or 0) // 2 if memory.available_bytes.value is None else None
    return min(value for value in (*known, guess) if value is not None)


def _meminfo(root: Path) -> dict[str, str]:
    text = read_text(root / _MEMINFO) or ""
    return dict(re.findall(r"^(MemTotal|MemAvailable|HugePages_Total):\s*([0-9]{1,15})", text, re.MULTILINE))


def _kibibytes(found: dict[str, str], key: str) -> Fact[int]:
    kib = parse_int(found.get(key))
    if kib is None:
        return Fact(value=None, source="unknown")
    return Fact(value=kib * 1024, source=f"/{_MEMINFO}", raw=f"{key}: {found[key]} kB")
