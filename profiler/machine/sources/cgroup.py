"""Limits of the control group this process is in: CPU time and memory, version 2 or 1.

Raspberry Pi OS boots with the memory group off: a container's memory limit is then silently ignored, and absent here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from profiler.machine.sources.source import read_int, read_text

_FOLDER = "sys/fs/cgroup"
_USES = (  # versions 2 and 1: a group's limit, what it uses, and what of that are files that can be dropped
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
_MAX_GROUPS = 64  # version 1 has a line for each of about a dozen controllers
_NO_LIMIT_BYTES = 1 << 50  # version 1 writes a number near 2^63 for none


def cpu_quota(root: Path) -> float | None:
    """How many CPUs' time the group may use, None for no limit or nothing told: the tightest limit up the tree."""
    quotas = [quota for folder in _folders(root, "cpu") if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def memory_limit_bytes(root: Path) -> int | None:
    """The most memory the group may use, None for no limit or nothing told: the tightest limit up the tree."""
    limits = []
    for folder in _folders(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = read_int(folder / name)
            if limit is not None and 0 < limit < _NO_LIMIT_BYTES:
                limits.append(limit)
    return min(limits, default=None)


def memory_left_bytes(root: Path) -> int | None:
    """What the limits leave to the group, None for no limit or nothing told: the least of it and of those above.

    Cached files do not count as used: they are dropped.
    """
    return min((left for folder in _folders(root, "memory") for left in _left(folder)), default=None)


def _left(folder: Path) -> Iterator[int]:
    for limit_name, used_name, dropped_name in _USES:
        limit, used = read_int(folder / limit_name), read_int(folder / used_name)
        if limit is not None and 0 < limit < _NO_LIMIT_BYTES:
            statistics = read_text(folder / "memory.stat") or ""
            match = re.search(rf"^{dropped_name} ([0-9]{{1,18}})$", statistics, re.MULTILINE)
            yield max(0, limit - max(0, (used or 0) - (int(match[1]) if match else 0)))


def _quota(folder: Path) -> float | None:
    match = re.fullmatch(r"([0-9]{1,18}) ([0-9]{1,18})", read_text(folder / "cpu.max") or "")
    if match and int(match[1]) and int(match[2]):
        return int(match[1]) / int(match[2])
    quota, period = read_int(folder / "cpu.cfs_quota_us"), read_int(folder / "cpu.cfs_period_us")
    return quota / period if quota and quota > 0 and period and period > 0 else None


def _folders(root: Path, controller: str) -> list[Path]:
    """The group's folder and those above it, of version 2 and of the controller's own tree in version 1."""
    tree = root / _FOLDER
    found = [tree, tree / controller, tree / f"{controller},{controller}acct"]
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines()[:_MAX_GROUPS]:
        parts = line.split(":", 2)
        if len(parts) != 3 or ".." in parts[2].split("/"):  # noqa: PLR2004 - number, controllers, path
            continue
        top = tree if not parts[1] else tree / parts[1] if controller in parts[1].split(",") else None
        steps = [step for step in parts[2].split("/") if step]
        found += [top.joinpath(*steps[: depth + 1]) for depth in range(min(len(steps), 16)) if top]
    return found
