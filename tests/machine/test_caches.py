import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.caches import (
    UNKNOWN_CACHE_BYTES,
    cache_level_for,
    data_cache_sizes,
    wanted_eviction_bytes,
)
from tests.machine.trees import NAMES, board

K = 1 << 10
RK3588 = board("rk3588").caches
SMALL, BIG = (0, 1, 2, 3), (4, 5, 6, 7)


def test_weights_are_put_into_the_first_cache_that_holds_them() -> None:
    found = board("pi4-64bit").caches
    levels = [cache_level_for(size, found) for size in (1, 32 * K, 32 * K + 1, 1024 * K, 1024 * K + 1)]
    assert levels == ["L1", "L1", "L2", "L2", "memory"]


@pytest.mark.parametrize(
    ("size", "small", "big"),
    [
        (32 * K, "L1", "L1"), (33 * K, "L2", "L1"), (65 * K, "L2", "L2"), (129 * K, "L3", "L2"), (513 * K, "L3", "L3"),
        ((3 << 20) + 1, "memory", "memory"),
    ],
)  # fmt: skip
def test_pinned_to_one_kind_of_core_only_its_caches_count(size: int, small: str, big: str) -> None:
    assert [cache_level_for(size, RK3588, cpus) for cpus in (SMALL, SMALL[1:2], BIG, BIG[-1:])] == [
        small, small, big, big,
    ]  # fmt: skip
    assert cache_level_for(size, RK3588) == cache_level_for(size, RK3588, (0, 7)) == big


def test_a_cache_of_unknown_sharing_counts_for_every_cpu() -> None:
    caches = tuple(msgspec.structs.replace(cache, shared_cpus=()) for cache in board("pi4-64bit").caches)
    assert cache_level_for(1, caches, (2,)) == "L1"


def test_without_a_known_data_cache_the_level_is_unknown() -> None:
    caches = board("pi4-64bit").caches
    unsized = tuple(msgspec.structs.replace(cache, size_bytes=None) for cache in caches)
    instruction = tuple(cache for cache in caches if cache.type == "instruction")
    for told in ((), unsized, instruction):
        assert cache_level_for(1, told) == "unknown"
        assert data_cache_sizes(told) == ()
        assert wanted_eviction_bytes(told) == 2 * UNKNOWN_CACHE_BYTES


def test_cpus_that_nobody_described_are_unknown() -> None:
    assert cache_level_for(1, RK3588, (64,)) == "unknown"


def test_an_instruction_cache_holds_no_weights() -> None:
    assert cache_level_for(40 * K, board("pi4-64bit").caches) == "L2"  # the instruction cache has 48 KiB


def test_sizes_are_each_told_once_the_smallest_first() -> None:
    assert data_cache_sizes(RK3588) == (32 * K, 64 * K, 128 * K, 512 * K, 3 << 20)


@pytest.mark.parametrize("size", [0, -1, (1 << 40) + 1])
def test_impossible_sizes_are_left_out(size: int) -> None:
    assert data_cache_sizes((msgspec.structs.replace(RK3588[0], size_bytes=size),)) == ()


@pytest.mark.parametrize(("name", "size"), [("pi4-64bit", 2 << 20), ("rk3588", 6 << 20), ("milkv-duo", 128 * K)])
def test_twice_the_largest_cache_is_read_to_empty_all(name: str, size: int) -> None:
    assert wanted_eviction_bytes(board(name).caches) == size


@given(st.sampled_from(NAMES), st.integers(1, 1 << 24), st.sets(st.integers(0, 7)))
def test_more_weights_never_fit_a_nearer_cache(name: str, size: int, cpus: set[int]) -> None:
    levels = ["L1", "L2", "L3", "memory", "unknown"]
    caches = board(name).caches
    first, second = (levels.index(cache_level_for(count, caches, cpus)) for count in (size, 2 * size))
    assert first <= second
