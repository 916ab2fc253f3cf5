"""Brings what the sources say together: the first that knows a fact is believed, and every contradiction is listed.

Pure functions. Sources are given in the order in which they are believed: sysfs, device tree, board table. For each
cache, the first one that knows its size is believed in the rest too: a device tree that names an L2 without a size
(Raspberry Pi 5 at its launch) does not know who shares it either.
"""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from profiler.machine.records import CacheInfo, Conflict, Fact, Origin, Statement
from profiler.machine.sources.statements import CACHE_FIELDS, CacheStatement, CacheType, Reading

UNKNOWN = "unknown"
SHARED = "shared_cpus"
JOIN = "; "
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
    core: str | None


def reconcile_caches(
    sources: Sequence[Sequence[CacheStatement]], core_of: Mapping[int, str | None], online: Collection[int] = ()
) -> tuple[tuple[CacheInfo, ...], tuple[Conflict, ...]]:
    """One row per kind of cache, first level first, and what the sources disagree on.

    Args:
        sources: what each source says, the most believed first.
        core_of: the name of each CPU's core type.
        online: the CPUs that are, if that is known: the kernel tells nothing of others, a table or tree does.
    """
    by_cpu: dict[int, list[dict[_Key, CacheStatement]]] = {}
    for position, statements in enumerate(sources):
        for statement in _of_online(statements, online):
            tables = by_cpu.setdefault(statement.cpu, [{} for _ in sources])
            tables[position].setdefault((statement.level, statement.type), statement)
    kinds: dict[_Kind, set[tuple[int, ...]]] = {}
    origins: dict[_Kind, dict[str, Origin]] = {}
    conflicts: dict[Conflict, None] = {}  # a set that keeps its order
    for cpu in sorted(by_cpu):
        core = core_of.get(cpu)
        kept, absent = _present(by_cpu[cpu])
        conflicts.update(dict.fromkeys(_absences(absent, core)))
        for key, told in kept.items():
            statements = sorted(told, key=lambda statement: "size_bytes" not in statement.fields)
            conflicts.update(dict.fromkeys(_contradictions(key, statements, core)))
            chosen = _chosen(statements)
            shared = chosen.get(SHARED)
            cpus = shared[0].value if shared and isinstance(shared[0].value, tuple) else ()
            types = {core_of.get(sharer) for sharer in cpus or (cpu,)}
            kind = _kind(key, chosen, core if types == {core} else None)
            origins[kind] = _joined(origins.get(kind, {}), _origins(chosen))
            kinds.setdefault(kind, set()).add(cpus)
    order = sorted(kinds.items(), key=lambda item: (item[0].level, item[0].type, min(item[1])))
    return tuple(_row(kind, shared, origins[kind]) for kind, shared in order), tuple(conflicts)


def first_known(facts: Iterable[Fact[T]]) -> Fact[T]:
    """The first fact that has a value."""
    return next((fact for fact in facts if fact.value is not None), Fact(value=None, source=UNKNOWN))


def disagreement(name: str, facts: Iterable[Fact[T]]) -> tuple[Conflict, ...]:
    """The conflict between facts with different values, none if all that are known agree."""
    known = [fact for fact in facts if fact.value is not None]
    others = [fact for fact in known[1:] if fact.value != known[0].value]
    if not others:
        return ()
    return (Conflict(fact=name, used=_statement_of(known[0]), others=tuple(map(_statement_of, others))),)


def _present(
    tables: Sequence[Mapping[_Key, CacheStatement]],
) -> tuple[dict[_Key, list[CacheStatement]], list[tuple[CacheStatement, CacheStatement]]]:
    """The caches of a CPU with all statements of each, and those that a source which lists them all does not have."""
    kept: dict[_Key, list[CacheStatement]] = {}
    absent = []
    whole: CacheStatement | None = None
    for table in tables:
        for key, statement in sorted(table.items()):
            if key in kept:
                kept[key].append(statement)
            elif whole is None or (statement.is_whole and statement.source == whole.source):
                kept[key] = [statement]
            else:
                absent.append((whole, statement))
        whole = whole or next((statement for statement in table.values() if statement.is_whole), None)
    return kept, absent


def _chosen(statements: Sequence[CacheStatement]) -> dict[str, tuple[Reading, str]]:
    """For each field the first reading, with its source."""
    return {
        name: next((statement.fields[name], statement.source) for statement in statements if name in statement.fields)
        for name in CACHE_FIELDS
        if any(name in statement.fields for statement in statements)
    }


def _of_online(statements: Sequence[CacheStatement], online: Collection[int]) -> Iterator[CacheStatement]:
    for statement in statements:
        if not online:
            yield statement
        elif statement.cpu in online:
            shared = statement.fields.get(SHARED)
            cpus = (
                tuple(cpu for cpu in shared.value if cpu in online)
                if shared and isinstance(shared.value, tuple)
                else ()
            )
            fields = {**statement.fields, SHARED: Reading(cpus, shared.raw)} if shared and cpus else statement.fields
            yield dataclasses.replace(statement, fields=fields)


def _kind(key: _Key, chosen: Mapping[str, tuple[Reading, str]], core: str | None) -> _Kind:
    values = [chosen[name][0].value if name in chosen else None for name in CACHE_FIELDS if name != SHARED]
    numbers = tuple(value if isinstance(value, int) else None for value in values)
    return _Kind(level=key[0], type=key[1], values=numbers, core=core)


def _origins(chosen: Mapping[str, tuple[Reading, str]]) -> dict[str, Origin]:
    """Where each field was read; the text of the sharing differs from instance to instance, and is left out."""
    return {
        name: Origin(source=source, raw=None if name == SHARED else reading.raw)
        for name, (reading, source) in chosen.items()
    }


def _joined(first: Mapping[str, Origin], second: Mapping[str, Origin]) -> dict[str, Origin]:
    """The origins of one row whose CPUs were told of by different sources: all of them, separated by semicolons."""
    found = dict(first)
    for name, origin in second.items():
        known = found.setdefault(name, origin)
        if origin.source not in known.source.split(JOIN):
            found[name] = Origin(source=f"{known.source}{JOIN}{origin.source}", raw=known.raw)
    return found


def _row(kind: _Kind, shared: set[tuple[int, ...]], origins: dict[str, Origin]) -> CacheInfo:
    size, line, ways, sets = kind.values
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


def _contradictions(key: _Key, statements: Sequence[CacheStatement], core: str | None) -> list[Conflict]:
    found = []
    for name in CACHE_FIELDS:
        told = [(statement.fields[name], statement.source) for statement in statements if name in statement.fields]
        others = [(reading, source) for reading, source in told[1:] if reading.value != told[0][0].value]
        if others:
            word, unit = _WORDS[name]
            in_words = _text if len({_text(reading) for reading, _ in (told[0], *others)}) > 1 else _cpus
            used, *claimed = [
                Statement(value=in_words(reading), source=source, raw=None if name == SHARED else reading.raw)
                for reading, source in (told[0], *others)
            ]
            fact = f"{cache_name(*key, core)}: {word}"
            found.append(Conflict(fact=fact, used=used, others=tuple(claimed), unit=unit))
    return found


def _absences(absent: Sequence[tuple[CacheStatement, CacheStatement]], core: str | None) -> list[Conflict]:
    found = []
    for whole, statement in absent:
        size = statement.fields.get("size_bytes")
        if size is not None:
            found.append(
                Conflict(
                    fact=f"{cache_name(statement.level, statement.type, core)}: size",
                    used=Statement(value="absent", source=whole.source),
                    others=(Statement(value=_text(size), source=statement.source, raw=size.raw),),
                    unit="bytes",
                )
            )
    return found


def cache_name(level: int, kind: str, core: str | None) -> str:
    """A cache in words: `L2 unified of Cortex-A53`."""
    return f"L{level} {kind}" + (f" of {core}" if core else "")


def _text(reading: Reading) -> str:
    if isinstance(reading.value, tuple):
        return f"one for {len(reading.value)} CPUs" if len(reading.value) > 1 else "one for each CPU"
    return str(reading.value)


def _cpus(reading: Reading) -> str:
    return f"CPUs {', '.join(map(str, reading.value))}" if isinstance(reading.value, tuple) else str(reading.value)


def _statement_of(fact: Fact[T]) -> Statement:
    return Statement(value=str(fact.value), source=fact.source, raw=fact.raw)
