"""Measured knees beside told cache sizes: they fill the gap where nobody tells, and speak up where they differ.

A knee is an interval. Physical page placement makes a shared cache look smaller than it is, so only what lies more than
an octave away counts as a contradiction.
"""

from collections.abc import Sequence

from profiler.machine.limits.records import CoreLimits, Knee, MachineLimits
from profiler.machine.records import CacheInfo, Conflict, CoreType, Origin, Statement
from profiler.machine.sources.boardstatements import CORE_SOURCE

SOURCE = "measured"
OCTAVE = 2


def reconcile_measured(
    caches: tuple[CacheInfo, ...],
    measured: MachineLimits | None,
    core_types: Sequence[CoreType],
    *,
    is_virtual: bool = False,
) -> tuple[tuple[CacheInfo, ...], tuple[Conflict, ...]]:
    """The caches with what measuring adds, and where it contradicts them.

    Args:
        caches: what all other sources say.
        measured: what was seen, if anything was.
        core_types: the kinds of core, with their CPUs.
        is_virtual: neighbours share the last cache of a virtual machine: where that ends contradicts nobody.
    """
    added: list[CacheInfo] = []
    conflicts: list[Conflict] = []
    for core in measured.cores if measured else ():
        cpus = {cpu for kind in core_types if kind.name == core.core for cpu in kind.cpus}
        own = [cache for cache in caches if cache.type != "instruction" and cache.size_bytes and _serves(cache, cpus)]
        sizes = sorted(cache.size_bytes or 0 for cache in own)
        odd = [knee for knee in core.knees if not any(_fits(knee, cache) for cache in own)]
        beyond = [knee for knee in odd if knee.low_bytes > max(sizes, default=0)]
        if all(cache.source == CORE_SOURCE for cache in own):  # which tells nothing of what lies beyond the core
            added += [_cache(core, level, knee) for level, knee in enumerate(beyond, start=1 + len(own))]
            odd = [knee for knee in odd if knee not in beyond]
        elif is_virtual:
            odd = [knee for knee in odd if knee.low_bytes <= (sizes[-2] if len(sizes) > 1 else 0)]
        conflicts += [_conflict(core, knee, own) for knee in odd]
    filled = {(cache.level, cache.type, cache.core) for cache in added}
    told = [cache for cache in caches if cache.size_bytes or (cache.level, cache.type, cache.core) not in filled]
    return (*told, *added), tuple(conflicts)


def knee_text(knee: Knee) -> str:
    """Between which sizes a knee lies, in words."""
    return f"between {knee.low_bytes} and {knee.high_bytes}"


def _serves(cache: CacheInfo, cpus: set[int]) -> bool:
    return not cpus or not cache.shared_cpus or any(cpus & set(shared) for shared in cache.shared_cpus)


def _fits(knee: Knee, cache: CacheInfo) -> bool:
    return knee.low_bytes / OCTAVE <= (cache.size_bytes or 0) <= knee.high_bytes * OCTAVE


def _conflict(core: CoreLimits, knee: Knee, caches: Sequence[CacheInfo]) -> Conflict:
    """The conflict of a knee with the cache whose size is nearest to it."""
    near = min(
        caches,
        key=lambda cache: max(cache.size_bytes or 1, knee.low_bytes) / min(cache.size_bytes or 1, knee.low_bytes),
    )
    return Conflict(
        fact=f"where a cache of {core.core or 'this processor'} ends",
        used=Statement(value=str(near.size_bytes), source=near.source, raw=f"L{near.level} {near.type}"),
        others=(
            Statement(
                value=knee_text(knee), source=SOURCE, raw=f"{knee.ratio:.2f} times slower beyond ({core.method})"
            ),
        ),
        unit="bytes",
    )


def _cache(core: CoreLimits, level: int, knee: Knee) -> CacheInfo:
    """A cache that only measuring shows: it holds at least the last size that was fast."""
    return CacheInfo(
        level=level,
        type="data" if level == 1 else "unified",
        size_bytes=knee.low_bytes,
        line_size_bytes=None,
        ways_of_associativity=None,
        number_of_sets=None,
        shared_cpus=(),
        instances=None,
        source=SOURCE,
        core=core.core,
        origins={"size_bytes": Origin(source=SOURCE, raw=f"{knee_text(knee)} bytes, by {core.method}")},
    )
