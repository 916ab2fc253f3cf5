import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.reconcile import JOIN, UNKNOWN, disagreement, first_known, reconcile_caches
from profiler.machine.records import CacheInfo, Fact
from profiler.machine.sources.statements import CACHE_FIELDS, CacheStatement, CacheType, Reading

K = 1 << 10
ONE_KIND: dict[int, str | None] = dict.fromkeys(range(8), "A72")


def says(
    source: str,
    cpu: int = 0,
    *,
    level: int = 1,
    kind: CacheType = "data",
    is_whole: bool = False,
    shared: tuple[int, ...] | None = None,
    **numbers: int,
) -> CacheStatement:
    names = {"size": "size_bytes", "line": "line_size_bytes", "ways": "ways_of_associativity", "sets": "number_of_sets"}
    fields = {names[name]: Reading(value, f"{source}: {name}={value}") for name, value in numbers.items()}
    if shared is not None:
        fields["shared_cpus"] = Reading(shared)
    return CacheStatement(cpu=cpu, level=level, type=kind, source=source, fields=fields, is_whole=is_whole)


def only(caches: tuple[CacheInfo, ...]) -> CacheInfo:
    (cache,) = caches
    return cache


def test_the_first_source_is_believed_and_the_others_are_listed() -> None:
    told = [[says("sysfs", size=32 * K)], [says("tree", size=16 * K)], [says("table", size=64 * K)]]
    caches, (conflict,) = reconcile_caches(told, ONE_KIND)
    assert (only(caches).size_bytes, only(caches).source) == (32 * K, "sysfs")
    assert (conflict.fact, conflict.unit) == ("L1 data of A72: size", "bytes")
    assert (conflict.used.value, conflict.used.source, conflict.used.raw) == ("32768", "sysfs", "sysfs: size=32768")
    assert [(other.value, other.source) for other in conflict.others] == [("16384", "tree"), ("65536", "table")]


def test_sources_that_agree_are_no_conflict() -> None:
    caches, conflicts = reconcile_caches([[says("sysfs", size=K)], [says("tree", size=K)]], ONE_KIND)
    assert conflicts == ()
    assert only(caches).origins["size_bytes"].source == "sysfs"


def test_only_the_sources_that_differ_are_listed() -> None:
    told = [[says("sysfs", size=K)], [says("tree", size=K)], [says("table", size=2 * K)]]
    (conflict,) = reconcile_caches(told, ONE_KIND)[1]
    assert [other.source for other in conflict.others] == ["table"]


def test_gaps_are_filled_field_by_field_and_each_field_says_by_whom() -> None:
    told = [
        [says("sysfs", size=32 * K, shared=(0,))],
        [says("tree", line=64)],
        [says("table", line=32, ways=4)],
    ]
    caches, (conflict,) = reconcile_caches(told, ONE_KIND)
    found = only(caches)
    assert (found.size_bytes, found.line_size_bytes, found.ways_of_associativity, found.number_of_sets) == (
        32 * K, 64, 4, None,
    )  # fmt: skip
    assert {name: origin.source for name, origin in found.origins.items()} == {
        "size_bytes": "sysfs", "line_size_bytes": "tree", "ways_of_associativity": "table", "shared_cpus": "sysfs",
    }  # fmt: skip
    assert conflict.fact == "L1 data of A72: line size"


def test_the_source_of_the_size_is_believed_in_the_rest_too() -> None:
    """The device tree of the first Raspberry Pi 5 kernels: one L2 for all, without a size."""
    tree = [says("tree", cpu, level=2, kind="unified", shared=(0, 1), line=32) for cpu in (0, 1)]
    table = [says("table", cpu, level=2, kind="unified", shared=(cpu,), line=64, size=512 * K) for cpu in (0, 1)]
    caches, conflicts = reconcile_caches([tree, table], ONE_KIND)
    found = only(caches)
    assert (found.shared_cpus, found.instances, found.line_size_bytes) == (((0,), (1,)), 2, 64)
    assert [(conflict.fact, conflict.used.source) for conflict in conflicts] == [
        ("L2 unified of A72: line size", "table"),
        ("L2 unified of A72: sharing", "table"),
    ]
    assert [conflict.used.value for conflict in conflicts] == ["64", "one for each CPU"]
    assert conflicts[1].others[0].value == "one for 2 CPUs"


def test_a_cache_without_a_size_stays_with_its_sharing() -> None:
    caches, conflicts = reconcile_caches([[says("sysfs", cpu, shared=(0, 1)) for cpu in (0, 1)]], ONE_KIND)
    found = only(caches)
    assert (found.size_bytes, found.source, found.shared_cpus, found.instances) == (None, UNKNOWN, ((0, 1),), 1)
    assert conflicts == ()


def test_a_cache_that_a_whole_source_leaves_out_is_a_conflict_and_no_cache() -> None:
    told = [[says("sysfs", size=32 * K, is_whole=True)], [says("table", level=3, kind="unified", size=K)]]
    caches, (conflict,) = reconcile_caches(told, ONE_KIND)
    assert only(caches).level == 1
    assert (conflict.fact, conflict.used.value, conflict.used.source) == ("L3 unified of A72: size", "absent", "sysfs")
    assert [(other.value, other.source) for other in conflict.others] == [("1024", "table")]


def test_a_cache_that_an_incomplete_source_leaves_out_is_added() -> None:
    told = [[says("tree", size=32 * K)], [says("table", level=3, kind="unified", size=K)]]
    caches, conflicts = reconcile_caches(told, ONE_KIND)
    assert [(cache.level, cache.source) for cache in caches] == [(1, "tree"), (3, "table")]
    assert conflicts == ()


def test_absence_without_a_size_is_not_worth_a_conflict() -> None:
    told = [[says("sysfs", size=K, is_whole=True)], [says("tree", level=2, kind="unified", shared=(0,))]]
    caches, conflicts = reconcile_caches(told, ONE_KIND)
    assert (len(caches), conflicts) == (1, ())


def test_all_caches_of_a_whole_source_are_kept() -> None:
    told = [[says("sysfs", level=level, size=K << level, is_whole=True) for level in (1, 2, 3)]]
    assert [cache.level for cache in reconcile_caches(told, ONE_KIND)[0]] == [1, 2, 3]


def test_what_is_whole_for_one_cpu_says_nothing_of_another() -> None:
    told = [[says("sysfs", 0, size=K, is_whole=True)], [says("tree", 1, level=2, kind="unified", size=K)]]
    assert [cache.level for cache in reconcile_caches(told, ONE_KIND)[0]] == [1, 2]


def test_a_contradiction_seen_from_every_cpu_is_said_once() -> None:
    told = [[says(source, cpu, size=size) for cpu in range(8)] for source, size in (("sysfs", K), ("tree", 2 * K))]
    assert len(reconcile_caches(told, ONE_KIND)[1]) == 1


def test_two_core_types_are_two_rows_and_two_conflicts() -> None:
    cores: dict[int, str | None] = {0: "A55", 1: "A76"}
    told = [[says(source, cpu, size=size) for cpu in (0, 1)] for source, size in (("sysfs", K), ("tree", 2 * K))]
    caches, conflicts = reconcile_caches(told, cores)
    assert [(cache.core, cache.size_bytes) for cache in caches] == [("A55", K), ("A76", K)]
    assert [conflict.fact for conflict in conflicts] == ["L1 data of A55: size", "L1 data of A76: size"]


def test_a_cache_shared_by_two_core_types_belongs_to_none() -> None:
    cores: dict[int, str | None] = {0: "A55", 1: "A76"}
    caches, _ = reconcile_caches([[says("sysfs", cpu, level=3, size=K, shared=(0, 1)) for cpu in (0, 1)]], cores)
    assert (only(caches).core, only(caches).instances) == (None, 1)


def test_unknown_sharing_gives_an_unknown_number_of_instances() -> None:
    found = only(reconcile_caches([[says("table", cpu, size=K) for cpu in range(4)]], ONE_KIND)[0])
    assert (found.instances, found.shared_cpus) == (None, ())


def test_sharing_known_of_some_cpus_alone_leaves_the_number_unknown() -> None:
    told = [
        [
            says("tree", 0, size=K, shared=(0,)),
            says("tree", 1, size=K, shared=(1,)),
            says("tree", 2, size=K),
        ]
    ]
    found = reconcile_caches(told, ONE_KIND)[0]
    assert None in {cache.instances for cache in found}


def test_rows_come_first_level_first_and_first_cpus_first() -> None:
    kinds: tuple[CacheType, ...] = ("instruction", "data")
    cores: dict[int, str | None] = {0: "A55", 1: "A76"}
    told = [
        [
            says("sysfs", cpu, level=level, kind=kind, size=K << cpu, shared=(cpu,))
            for cpu, level, kind in itertools.product((1, 0), (2, 1), kinds)
        ]
    ]  # fmt: skip
    rows = [(cache.level, cache.type, cache.core) for cache in reconcile_caches(told, cores)[0]]
    assert rows == list(itertools.product((1, 2), ("data", "instruction"), ("A55", "A76")))


def test_a_cache_named_twice_by_one_source_is_the_first() -> None:
    caches, conflicts = reconcile_caches([[says("sysfs", size=K), says("sysfs", size=2 * K)]], ONE_KIND)
    assert (only(caches).size_bytes, conflicts) == (K, ())


def test_nothing_told_is_no_cache() -> None:
    assert reconcile_caches([], {}) == reconcile_caches([[], []], {}) == ((), ())


@pytest.mark.parametrize(("values", "expected"), [((None, 3, 4), 3), ((None, None), None), ((), None), ((0, 1), 0)])
def test_the_first_known_fact_is_taken(values: tuple[int | None, ...], expected: int | None) -> None:
    facts = [Fact(value=value, source=str(position)) for position, value in enumerate(values)]
    assert first_known(facts).value == expected


def test_facts_that_differ_are_a_conflict_and_unknown_ones_are_not() -> None:
    facts = [Fact[int](value=None, source="a"), Fact(value=4, source="b"), Fact(value=4, source="c")]
    assert disagreement("CPUs", facts) == ()
    (conflict,) = disagreement("CPUs", [*facts, Fact(value=2, source="d", raw="0-1")])
    assert (conflict.fact, conflict.used.value, conflict.used.source) == ("CPUs", "4", "b")
    assert [(other.value, other.source, other.raw) for other in conflict.others] == [("2", "d", "0-1")]


SMALL = st.integers(1, 4)
CLAIMS = st.builds(
    CacheStatement,
    cpu=st.integers(0, 3),
    level=st.integers(1, 3),
    type=st.sampled_from(["data", "instruction", "unified"]),
    source=st.just("?"),
    fields=st.dictionaries(
        st.sampled_from(CACHE_FIELDS[:4]), st.builds(Reading, SMALL, st.one_of(st.none(), st.text(max_size=3)))
    ).flatmap(
        lambda fields: st.one_of(
            st.just(fields),
            st.sets(st.integers(0, 3), min_size=1).map(
                lambda cpus: {**fields, "shared_cpus": Reading(tuple(sorted(cpus)))}
            ),
        )
    ),
    is_whole=st.booleans(),
)
SOURCES = st.lists(st.lists(CLAIMS, max_size=6), max_size=3).map(
    lambda sources: [
        [
            CacheStatement(
                cpu=told.cpu,
                level=told.level,
                type=told.type,
                source=f"source {position}",
                fields=told.fields,
                is_whole=told.is_whole,
            )
            for told in statements
        ]
        for position, statements in enumerate(sources)
    ]
)


@given(SOURCES, st.dictionaries(st.integers(0, 3), st.sampled_from(["A55", "A76", None])))
def test_any_claims_give_rows_that_somebody_claimed(
    sources: list[list[CacheStatement]], cores: dict[int, str | None]
) -> None:
    caches, conflicts = reconcile_caches(sources, cores)
    statements = list(itertools.chain.from_iterable(sources))
    said = {
        (told.source, told.level, told.type, name, reading.value)
        for told in statements
        for name, reading in told.fields.items()
    }
    for cache in caches:
        for name in CACHE_FIELDS[:4]:
            value = getattr(cache, name)
            if value is None:
                assert name not in cache.origins
            else:
                sources_of = cache.origins[name].source.split(JOIN)
                assert all((source, cache.level, cache.type, name, value) in said for source in sources_of)
        for shared in cache.shared_cpus:
            sources_of = cache.origins["shared_cpus"].source.split(JOIN)
            assert any((source, cache.level, cache.type, "shared_cpus", shared) in said for source in sources_of)
        assert cache.instances in {None, len(cache.shared_cpus)}
    assert {(told.level, told.type) for told in statements} >= {(cache.level, cache.type) for cache in caches}
    assert len(set(conflicts)) == len(conflicts)
    for conflict in conflicts:
        assert conflict.others
        if not conflict.fact.endswith("sharing"):  # "one for 2 CPUs" may be other two CPUs
            assert conflict.used.value not in {other.value for other in conflict.others}
        assert conflict.used.source not in {other.source for other in conflict.others}


def test_a_contradiction_on_sharing_is_said_once() -> None:
    fields = [{"size_bytes": Reading(K), "shared_cpus": Reading((cpu,), str(cpu))} for cpu in range(4)]
    sysfs = [CacheStatement(cpu, 2, "unified", "sysfs", fields[cpu]) for cpu in range(4)]
    tree = [says("tree", cpu, level=2, kind="unified", shared=(0, 1, 2, 3)) for cpu in range(4)]
    assert len(reconcile_caches([sysfs, tree], ONE_KIND)[1]) == 1


def test_a_conflict_on_sharing_shows_two_different_things() -> None:
    told = [[says("sysfs", size=K, shared=(0, 1))], [says("tree", size=K, shared=(0, 2))]]
    (conflict,) = reconcile_caches(told, ONE_KIND)[1]
    assert conflict.used.value != conflict.others[0].value
