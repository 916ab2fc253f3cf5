"""Cold weights: how much must be walked between calls, so that nothing of the last call stays in a cache."""

from collections.abc import Sequence

from profiler.machine.caches import wanted_eviction_bytes
from profiler.machine.memory import available_bytes as available_now
from profiler.machine.records import CacheInfo

MAX_BYTES = 256 << 20  # a time limit: walking more takes over 50 ms even on a fast machine, and it is done every call
MEMORY_PART = 4  # of what is available


def choose_eviction_bytes(caches: Sequence[CacheInfo], *, available_bytes: int | None = None) -> int:
    """Twice the last-level cache, capped by a quarter of the available memory and by time."""
    available = available_now() if available_bytes is None else available_bytes
    return min(wanted_eviction_bytes(caches), available // MEMORY_PART, MAX_BYTES)
