import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.knees import knee_text, reconcile_measured
from profiler.machine.limits.records import CoreLimits, Knee, MachineLimits
from profiler.machine.records import CacheInfo, CoreType
from tests.machine.trees import board

K = 1 << 10
PI4, RK3588 = board("pi4-64bit"), board("rk3588")
UNSIZED = tuple(msgspec.structs.replace(cache, size_bytes=None) for cache in PI4.caches)


def knee(low: int, high: int) -> Knee:
    return Knee(low_bytes=low, high_bytes=high, ratio=2.0)


def seen(*knees: Knee, core: str | None = "Cortex-A72") -> MachineLimits:
    one = CoreLimits(
        core=core, cpu=0, method="pointer chase", latencies=(), bandwidths=(), knees=knees, peaks=()
    )  # fmt: skip
    return MachineLimits(utc="2026-11-21T00:00:00Z", tool_version="0", duration_s=1.0, cores=(one,))


def test_without_measuring_nothing_changes() -> None:
    assert reconcile_measured(PI4.caches, None, PI4.core_types) == (PI4.caches, ())
    assert reconcile_measured(PI4.caches, seen(), PI4.core_types) == (PI4.caches, ())


@pytest.mark.parametrize("told", [(), UNSIZED])
def test_knees_fill_in_where_no_size_is_told(told: tuple[CacheInfo, ...]) -> None:
    caches, conflicts = reconcile_measured(
        told, seen(knee(32 * K, 64 * K), knee(512 * K, 2048 * K)), PI4.core_types
    )  # fmt: skip
    assert conflicts == ()
    assert [(cache.level, cache.type, cache.size_bytes) for cache in caches if cache.type != "instruction"] == [
        (1, "data", 32 * K), (2, "unified", 512 * K),
    ]  # fmt: skip
    added = caches[-1]
    assert (added.source, added.core, added.instances, added.shared_cpus) == ("measured", "Cortex-A72", None, ())
    assert added.origins["size_bytes"].raw == "between 524288 and 2097152 bytes, by pointer chase"


def test_what_no_knee_was_seen_of_stays_as_it_was() -> None:
    caches, _ = reconcile_measured(UNSIZED, seen(knee(32 * K, 64 * K)), PI4.core_types)
    assert [(cache.type, cache.size_bytes) for cache in caches] == [
        ("instruction", None), ("unified", None), ("data", 32 * K),
    ]  # fmt: skip


def test_knees_beyond_what_a_core_alone_tells_are_further_levels() -> None:
    guest = board("xen-guest-arm")
    caches, conflicts = reconcile_measured(
        guest.caches, seen(knee(32 * K, 64 * K), knee(1024 * K, 2048 * K)), guest.core_types
    )  # fmt: skip
    assert conflicts == ()
    assert [(cache.level, cache.size_bytes, cache.source) for cache in caches if cache.type != "instruction"] == [
        (1, 32 * K, "core table"), (2, 1024 * K, "measured"),
    ]  # fmt: skip


def test_in_a_virtual_machine_the_last_cache_may_end_anywhere_and_the_others_may_not() -> None:
    told, kinds = board("container-x86").caches, board("container-x86").core_types
    last, first = seen(knee(64 << 20, 128 << 20), core="Intel(R) N100"), seen(knee(2 * K, 4 * K), core="Intel(R) N100")
    assert len(reconcile_measured(told, last, kinds)[1]) == 1
    assert reconcile_measured(told, last, kinds, is_virtual=True) == (told, ())
    assert len(reconcile_measured(told, first, kinds, is_virtual=True)[1]) == 1


@pytest.mark.parametrize(
    "knees",
    [
        (knee(32 * K, 64 * K), knee(512 * K, 1024 * K)),
        (knee(64 * K, 128 * K),),
        (knee(8 * K, 16 * K),),
        (knee(2048 * K, 4096 * K),),
        (knee(256 * K, 512 * K),),
    ],
)
def test_within_an_octave_a_knee_and_a_size_agree(knees: tuple[Knee, ...]) -> None:
    assert reconcile_measured(PI4.caches, seen(*knees), PI4.core_types) == (PI4.caches, ())


@pytest.mark.parametrize(
    ("low", "high", "level", "size"),
    [
        (4 * K, 8 * K, "L1 data", 32 * K),
        (96 * K, 192 * K, "L1 data", 32 * K),
        (8192 * K, 16384 * K, "L2 unified", 1024 * K),
    ],
)
def test_beyond_an_octave_they_contradict_and_the_told_size_is_kept(low: int, high: int, level: str, size: int) -> None:
    caches, (conflict,) = reconcile_measured(PI4.caches, seen(knee(low, high)), PI4.core_types)
    assert caches == PI4.caches
    assert (conflict.fact, conflict.unit) == ("where a cache of Cortex-A72 ends", "bytes")
    assert (conflict.used.value, conflict.used.source, conflict.used.raw) == (str(size), "sysfs", level)
    assert [(other.value, other.source) for other in conflict.others] == [(f"between {low} and {high}", "measured")]


def test_a_knee_is_held_against_the_caches_of_its_own_core() -> None:
    """128 KiB is an L2 of the small cores of an RK3588; a knee there means something else on a big one."""
    small = seen(knee(1024 * K, 1400 * K), core="Cortex-A55")
    (conflict,) = reconcile_measured(RK3588.caches, small, RK3588.core_types)[1]
    assert conflict.used.value == str(3 << 20)
    only_l1 = tuple(cache for cache in RK3588.caches if cache.level == 1)
    assert reconcile_measured(only_l1, seen(knee(120 * K, 128 * K), core="Cortex-A76"), RK3588.core_types)[1] == ()
    assert len(reconcile_measured(only_l1, seen(knee(120 * K, 128 * K), core="Cortex-A55"), RK3588.core_types)[1]) == 1


def test_a_core_without_a_name_is_held_against_all() -> None:
    (conflict,) = reconcile_measured(PI4.caches, seen(knee(1, 2), core=None), PI4.core_types)[1]
    assert conflict.fact == "where a cache of this processor ends"


def test_the_text_of_a_knee_is_its_interval() -> None:
    assert knee_text(knee(32, 64)) == "between 32 and 64"


def test_measuring_one_core_type_leaves_the_other_as_it_was() -> None:
    unsized = tuple(msgspec.structs.replace(cache, size_bytes=None) for cache in RK3588.caches if cache.level == 1)
    caches, _ = reconcile_measured(unsized, seen(knee(64 * K, 128 * K), core="Cortex-A76"), RK3588.core_types)
    assert [cache.core for cache in caches if cache.type == "data"] == ["Cortex-A55", "Cortex-A76"]


SIZES = st.integers(1, 1 << 40)


@given(st.lists(st.tuples(SIZES, SIZES)), st.sampled_from(["Cortex-A55", "Cortex-A76", "other", None]), st.booleans())
def test_any_knees_contradict_or_fill_in_and_change_no_told_size(
    sizes: list[tuple[int, int]], core: str | None, is_told: bool
) -> None:
    told, kinds = (RK3588.caches, RK3588.core_types) if is_told else ((), ())
    measured = seen(*(knee(min(pair), max(pair)) for pair in sizes), core=core)
    caches, conflicts = reconcile_measured(told, measured, kinds)
    assert caches[: len(told)] == told
    assert len(caches) - len(told) == (0 if is_told else len(sizes))
    assert len(conflicts) <= len(sizes)


def test_no_core_types_are_no_hindrance() -> None:
    kinds: tuple[CoreType, ...] = ()
    assert len(reconcile_measured(PI4.caches, seen(knee(1, 2)), kinds)[1]) == 1
