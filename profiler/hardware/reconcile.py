"""Brings what the sources say together: the first that knows a fact is believed, and every contradiction is listed.

Pure functions. Sources are given in the order in which they are believed: sysfs, device tree, board table. For each
cache, the first one that knows its size is believed in the rest too: a device tree that names an L2 without a size
(Raspberry Pi 5 at its launch) does not know who shares it either.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from profiler.hardware.claims import CACHE_FIELDS, CacheClaim, CacheType, Reading
from profiler.records import CacheInfo, Claim, Conflict, Fact, Origin

UNKNOWN = "unknown"
SHARED = "shared_cpus"
T = TypeVar("T")
_WORDS = {
    "size_bytes": ("size", "bytes"),
    "line_size_bytes": ("line size", "bytes"),
    "ways_of_associativity": ("ways of associativity", None),
    "number_of_sets": ("number of sets", None),
    SHARED: ("sharing", None),
}
_Key = tuple[int, CacheType]


@dataclasses.dataclass(frozen=True)
class _Kind:
    """What makes caches one row: all but which CPUs share them."""

    level: int
    type: CacheType
    values: tuple[int | None, ...]
    origins: tuple[tuple[str, Origin], ...]
    core: str | None


def reconcile_caches(
    sources: Sequence[Sequence[CacheClaim]], core_of: Mapping[int, str | None]
) -> tuple[tuple[CacheInfo, ...], tuple[Conflict, ...]]:
    """One row per kind of cache, first level first, and what the sources disagree on.

    Args:
        sources: what each source says, the most believed first.
        core_of: the name of each CPU's core type.
    """
    by_cpu: dict[int, list[dict[_Key, CacheClaim]]] = {}
    for position, claims in enumerate(sources):
        for claim in claims:
            tables = by_cpu.setdefault(claim.cpu, [{} for _ in sources])
            tables[position].setdefault((claim.level, claim.type), claim)
    kinds: dict[_Kind, set[tuple[int, ...]]] = {}
    conflicts: dict[Conflict, None] = {}  # a set that keeps its order
    for cpu in sorted(by_cpu):
        core = core_of.get(cpu)
        kept, absent = _present(by_cpu[cpu])
        conflicts.update(dict.fromkeys(_absences(absent, core)))
        for key, told in kept.items():
            claims = sorted(told, key=lambda claim: "size_bytes" not in claim.fields)
            conflicts.update(dict.fromkeys(_contradictions(key, claims, core)))
            chosen = _chosen(claims)
            shared = chosen.get(SHARED)
            cpus = shared[0].value if shared and isinstance(shared[0].value, tuple) else ()
            types = {core_of.get(sharer) for sharer in cpus or (cpu,)}
            kind = _kind(key, chosen, core if types == {core} else None)
            kinds.setdefault(kind, set()).add(cpus)
    order = sorted(kinds.items(), key=lambda item: (item[0].level, item[0].type, min(item[1])))
    return tuple(_row(kind, shared) for kind, shared in order), tuple(conflicts)


def first_known(facts: Iterable[Fact[T]]) -> Fact[T]:
    """The first fact that has a value."""
    return next((fact for fact in facts if fact.value is not None), Fact(value=None, source=UNKNOWN))


def disagreement(name: str, facts: Iterable[Fact[T]]) -> tuple[Conflict, ...]:
    """The conflict between facts with different values, none if all that are known agree."""
    known = [fact for fact in facts if fact.value is not None]
    others = [fact for fact in known[1:] if fact.value != known[0].value]
    if not others:
        return ()
    return (Conflict(fact=name, used=_claim_of(known[0]), others=tuple(map(_claim_of, others))),)


def _present(
    tables: Sequence[Mapping[_Key, CacheClaim]],
) -> tuple[dict[_Key, list[CacheClaim]], list[tuple[CacheClaim, CacheClaim]]]:
    """The caches of a CPU with all claims of each, and those that a source which lists them all does not have."""
    kept: dict[_Key, list[CacheClaim]] = {}
    absent = []
    whole: CacheClaim | None = None
    for table in tables:
        for key, claim in sorted(table.items()):
            if key in kept:
                kept[key].append(claim)
            elif whole is None or (claim.is_whole and claim.source == whole.source):
                kept[key] = [claim]
            else:
                absent.append((whole, claim))
        whole = whole or next((claim for claim in table.values() if claim.is_whole), None)
    return kept, absent


def _chosen(claims: Sequence[CacheClaim]) -> dict[str, tuple[Reading, str]]:
    """For each field the first reading, with its source."""
    return {
        name: next((claim.fields[name], claim.source) for claim in claims if name in claim.fields)
        for name in CACHE_FIELDS
        if any(name in claim.fields for claim in claims)
    }


def _kind(key: _Key, chosen: Mapping[str, tuple[Reading, str]], core: str | None) -> _Kind:
    numbers = [name for name in CACHE_FIELDS if name != SHARED]
    values = [chosen[name][0].value if name in chosen else None for name in numbers]
    origins = {name: Origin(source=source, raw=reading.raw) for name, (reading, source) in chosen.items()}
    if SHARED in origins:  # its text differs from instance to instance, and `shared_cpus` has it
        origins[SHARED] = Origin(source=origins[SHARED].source)
    return _Kind(
        level=key[0],
        type=key[1],
        values=tuple(value if isinstance(value, int) else None for value in values),
        origins=tuple(origins.items()),
        core=core,
    )


def _row(kind: _Kind, shared: set[tuple[int, ...]]) -> CacheInfo:
    size, line, ways, sets = kind.values
    origins = dict(kind.origins)
    return CacheInfo(
        level=kind.level,
        type=kind.type,
        size_bytes=size,
        line_size_bytes=line,
        ways_of_associativity=ways,
        number_of_sets=sets,
        shared_cpus=tuple(sorted(shared - {()})),
        instances=None if () in shared else len(shared),
        source=origins["size_bytes"].source if "size_bytes" in origins else UNKNOWN,
        core=kind.core,
        origins=origins,
    )


def _contradictions(key: _Key, claims: Sequence[CacheClaim], core: str | None) -> list[Conflict]:
    found = []
    for name in CACHE_FIELDS:
        told = [(claim.fields[name], claim.source) for claim in claims if name in claim.fields]
        others = [(reading, source) for reading, source in told[1:] if reading.value != told[0][0].value]
        if others:
            word, unit = _WORDS[name]
            claimed = [
                Claim(value=_text(reading), source=source, raw=reading.raw) for reading, source in (told[0], *others)
            ]
            found.append(
                Conflict(
                    fact=f"{cache_name(*key, core)}: {word}", used=claimed[0], others=tuple(claimed[1:]), unit=unit
                )
            )
    return found


def _absences(absent: Sequence[tuple[CacheClaim, CacheClaim]], core: str | None) -> list[Conflict]:
    found = []
    for whole, claim in absent:
        size = claim.fields.get("size_bytes")
        if size is not None:
            found.append(
                Conflict(
                    fact=f"{cache_name(claim.level, claim.type, core)}: size",
                    used=Claim(value="absent", source=whole.source),
                    others=(Claim(value=_text(size), source=claim.source, raw=size.raw),),
                    unit="bytes",
                )
            )
    return found


def cache_name(level: int, kind: str, core: str | None) -> str:
    """`L2 unified of Cortex-A53`."""
    return f"L{level} {kind}" + (f" of {core}" if core else "")


def _text(reading: Reading) -> str:
    if isinstance(reading.value, tuple):
        return f"one for {len(reading.value)} CPUs" if len(reading.value) > 1 else "one for each CPU"
    return str(reading.value)


def _claim_of(fact: Fact[T]) -> Claim:
    return Claim(value=str(fact.value), source=fact.source, raw=fact.raw)
