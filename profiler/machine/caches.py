"""Questions to the caches of a report: what holds so many bytes, what must be read to empty them."""

from collections.abc import Collection, Sequence

from profiler.machine.records import CacheInfo
from profiler.machine.sources.statements import MAX_CACHE_BYTES

UNKNOWN_CACHE_BYTES = 16 << 20  # where no size is known: larger than any Pi-class board's last level
MEMORY = "memory"


def data_cache_sizes(caches: Sequence[CacheInfo]) -> tuple[int, ...]:
    """The sizes of the caches that can hold weights, first level first, each once; impossible ones left out."""
    sizes = {cache.size_bytes or 0 for cache in caches if cache.type != "instruction"}
    return tuple(sorted(size for size in sizes if 0 < size <= MAX_CACHE_BYTES))


def wanted_eviction_bytes(caches: Sequence[CacheInfo]) -> int:
    """What must be read to push everything else out of all caches: twice the largest of them."""
    sizes = [cache.size_bytes for cache in caches if cache.type != "instruction" and cache.size_bytes]
    return 2 * max(sizes, default=UNKNOWN_CACHE_BYTES)


def cache_level_for(size_bytes: int, caches: Sequence[CacheInfo], cpus: Collection[int] = ()) -> str:
    """The first cache that holds so many bytes: `L2`, `memory` beyond all of them, `unknown` where none is known.

    `cpus` are those that may be used, none for all: on a chip with two kinds of core only their caches count.
    """
    known = [
        cache
        for cache in caches
        if cache.type != "instruction"
        and cache.size_bytes
        and (not cpus or not cache.shared_cpus or any(cpu in cpus for shared in cache.shared_cpus for cpu in shared))
    ]
    for cache in sorted(known, key=lambda cache: (cache.level, cache.size_bytes or 0)):
        if size_bytes <= (cache.size_bytes or 0):
            return f"L{cache.level}"
    return MEMORY if known else "unknown"
