import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.reconcile import reconcile_caches
from profiler.machine.records import CacheInfo
from profiler.machine.sources import darwin
from profiler.machine.sources.darwin import cache_statements, parse_caches, read_model

# `sysctl hw` of a Mac mini with an M1, as published: 4 fast cores (perflevel0) and 4 slow ones (perflevel1)
M1 = """hw.ncpu: 8
hw.activecpu: 8
hw.perflevel0.physicalcpu: 4
hw.perflevel0.logicalcpu: 4
hw.perflevel0.l1icachesize: 196608
hw.perflevel0.l1dcachesize: 131072
hw.perflevel0.l2cachesize: 12582912
hw.perflevel0.cpusperl2: 4
hw.perflevel0.name: Performance
hw.perflevel1.physicalcpu: 4
hw.perflevel1.logicalcpu: 4
hw.perflevel1.l1icachesize: 131072
hw.perflevel1.l1dcachesize: 65536
hw.perflevel1.l2cachesize: 4194304
hw.perflevel1.cpusperl2: 4
hw.perflevel1.name: Efficiency
hw.physicalcpu: 8
hw.logicalcpu: 8
hw.cachelinesize: 128
hw.l1icachesize: 131072
hw.l1dcachesize: 65536
hw.l2cachesize: 4194304
"""
# of a MacBook Pro of 2019 with hyper-threading: `cacheconfig` counts who shares memory, L1, L2 and L3
INTEL = """hw.ncpu: 8
hw.physicalcpu: 4
hw.logicalcpu: 8
hw.cachelinesize: 64
hw.l1icachesize: 32768
hw.l1dcachesize: 32768
hw.l2cachesize: 262144
hw.l3cachesize: 6291456
hw.cacheconfig: 8 2 2 8 0 0 0 0 0 0
hw.cachesize: 8589934592 32768 262144 6291456 0 0 0 0 0 0
hw.model: MacBookPro15,2
"""


def values(text: str) -> dict[str, str]:
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def caches(text: str) -> dict[tuple[int, str], list[CacheInfo]]:
    found: dict[tuple[int, str], list[CacheInfo]] = {}
    for cache in reconcile_caches([parse_caches(values(text))], {})[0]:
        found.setdefault((cache.level, cache.type), []).append(cache)
    return found


def test_an_m1_has_slow_cores_first_each_kind_with_its_own_caches() -> None:
    found = {key: [(cache.size_bytes, cache.shared_cpus) for cache in row] for key, row in caches(M1).items()}
    slow, fast = ((0,), (1,), (2,), (3,)), ((4,), (5,), (6,), (7,))
    assert found == {
        (1, "data"): [(64 << 10, slow), (128 << 10, fast)],
        (1, "instruction"): [(128 << 10, slow), (192 << 10, fast)],
        (2, "unified"): [(4 << 20, ((0, 1, 2, 3),)), (12 << 20, ((4, 5, 6, 7),))],
    }


def test_an_m1_has_lines_of_128_bytes() -> None:
    assert {cache.line_size_bytes for row in caches(M1).values() for cache in row} == {128}


def test_an_ultra_has_several_second_levels_of_a_kind() -> None:
    text = M1.replace("perflevel0.logicalcpu: 4", "perflevel0.logicalcpu: 8")
    (_, fast) = caches(text)[2, "unified"]
    assert fast.shared_cpus == ((4, 5, 6, 7), (8, 9, 10, 11))


def test_an_intel_mac_has_sizes_without_levels_of_cores() -> None:
    found = {key: [cache.size_bytes for cache in row] for key, row in caches(INTEL).items()}
    assert found == {
        (1, "data"): [32 << 10], (1, "instruction"): [32 << 10], (2, "unified"): [256 << 10], (3, "unified"): [6 << 20],
    }  # fmt: skip


def test_an_intel_mac_shares_its_caches_between_threads() -> None:
    assert {key: row[0].instances for key, row in caches(INTEL).items()} == {
        (1, "data"): 4, (1, "instruction"): 4, (2, "unified"): 4, (3, "unified"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("count", ["", "x", "-4", "0", "99999999999999999999999"])
def test_a_number_of_cpus_that_is_none_gives_no_caches(count: str) -> None:
    assert parse_caches({**values(INTEL), "hw.logicalcpu": count}) == []


def test_a_huge_number_of_cpus_is_cut() -> None:
    assert {one.cpu for one in parse_caches({**values(INTEL), "hw.logicalcpu": "1000000"})} == set(range(1024))


def test_nothing_told_is_no_cache() -> None:
    assert parse_caches({}) == []


TEXTS = st.one_of(st.text(max_size=4), st.integers(-2, 20).map(str), st.just("1099511627776"))


@given(st.dictionaries(st.sampled_from(sorted({*values(M1), *values(INTEL)})), TEXTS))
def test_any_values_give_positive_numbers_and_cpus_that_share_with_themselves(told: dict[str, str]) -> None:
    for one in parse_caches(told):
        for reading in one.fields.values():
            assert one.cpu in reading.value if isinstance(reading.value, tuple) else reading.value > 0


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac answers")
def test_other_systems_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darwin, "_sysctl", lambda name: pytest.fail("asked"))
    assert cache_statements() == []
    assert read_model() is None


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has the tool")
def test_a_mac_without_sysctl_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_statements() == []
    assert read_model() is None
