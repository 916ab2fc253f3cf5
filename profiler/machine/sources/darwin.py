"""macOS: caches and the model's name from `sysctl`.

Apple's chips have two kinds of core: `hw.perflevel0` describes the fast ones, `hw.perflevel1` the others; plain
`hw.l1dcachesize` describes the slow ones and is used only where there are no levels (Intel Macs).
"""

import subprocess
import sys
from collections.abc import Mapping

from profiler.machine.sources.source import parse_int
from profiler.machine.sources.statements import CacheStatement, CacheType, Reading

SOURCE = "sysctl"
LIMIT_S = 5.0
_MAX_CPUS = 1024
_CACHES: tuple[tuple[int, CacheType, str], ...] = (
    (1, "data", "l1dcachesize"), (1, "instruction", "l1icachesize"), (2, "unified", "l2cachesize"),
    (3, "unified", "l3cachesize"),
)  # fmt: skip


def cache_statements() -> list[CacheStatement]:
    """Every cache of the running Mac; empty on other systems."""
    return parse_caches(_sysctl("hw")) if sys.platform == "darwin" else []


def read_model() -> str | None:
    """The model of the running Mac, like `Mac14,2`."""
    return _sysctl("hw.model").get("hw.model") if sys.platform == "darwin" else None


def parse_caches(values: Mapping[str, str]) -> list[CacheStatement]:
    """The caches in the values of `sysctl hw`. macOS numbers the slow cores first; sharing is told for L2 alone."""
    levels = [level for level in range(8) if f"hw.perflevel{level}.logicalcpu" in values]
    groups = [(f"hw.perflevel{level}.", values[f"hw.perflevel{level}.logicalcpu"]) for level in reversed(levels)]
    # Intel Macs: how many threads share memory, L1, L2 and L3
    shares = [parse_int(word) or 0 for word in values.get("hw.cacheconfig", "").split()]
    config = {} if groups else dict(enumerate(shares[:4]))
    statements: list[CacheStatement] = []
    first = 0
    for prefix, count in groups or [("hw.", values.get("hw.logicalcpu", "1"))]:
        cpus = range(first, first + min(max(parse_int(count) or 0, 0), _MAX_CPUS))
        first = cpus.stop
        for level, kind, name in _CACHES:
            size = parse_int(values.get(prefix + name))
            if size and size > 0:
                sharers = config.get(level) or (1 if level == 1 else parse_int(values.get(f"{prefix}cpusperl{level}")))
                statements += _statements(level, kind, Reading(size, f"{prefix}{name}: {size}"), values, cpus, sharers)
    return statements


def _statements(
    level: int, kind: CacheType, size: Reading, values: Mapping[str, str], cpus: range, sharers: int | None
) -> list[CacheStatement]:
    line = parse_int(values.get("hw.cachelinesize"))
    found = []
    for position, cpu in enumerate(cpus):
        fields = {"size_bytes": size}
        if line and line > 0:
            fields["line_size_bytes"] = Reading(line, f"hw.cachelinesize: {line}")
        if sharers and sharers > 0:
            start = position - position % sharers
            fields["shared_cpus"] = Reading(tuple(cpus[start : start + sharers]), f"{sharers} CPUs to a cache")
        found.append(CacheStatement(cpu=cpu, level=level, type=kind, source=SOURCE, fields=fields))
    return found


def _sysctl(name: str) -> dict[str, str]:
    try:
        done = subprocess.run(["/usr/sbin/sysctl", name], capture_output=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = (line.partition(":") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return {key.strip(): value.strip() for key, colon, value in lines if colon}
