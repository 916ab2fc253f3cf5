import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.sources.statements import CacheStatement
from profiler.machine.sources.windows import cache_statements, parse_caches

UNIFIED, INSTRUCTION, DATA, TRACE = range(4)
CACHE, CORE = 2, 0


def cache(
    level: int,
    kind: int,
    size: int,
    *groups: tuple[int, int],
    ways: int = 8,
    line: int = 64,
    count: int | None = None,
    pointer: str = "Q",
) -> bytes:
    """A record as Windows writes it: RelationCache, size, CACHE_RELATIONSHIP with GROUP_AFFINITYs (mask, group)."""
    body = struct.pack("<BBHII", level, ways, line, size, kind) + bytes(18)
    body += struct.pack("<H", len(groups) if count is None else count)
    body += b"".join(struct.pack(f"<{pointer}H6x", mask, group) for mask, group in groups)
    return struct.pack("<II", CACHE, 8 + len(body)) + body


def found(data: bytes, pointer_bytes: int = 8) -> list[CacheStatement]:
    return list(parse_caches(data, pointer_bytes))


def sharing(data: bytes, pointer_bytes: int = 8) -> list[object]:
    return [statement.fields["shared_cpus"].value for statement in found(data, pointer_bytes)]


LAPTOP = (
    cache(1, DATA, 32 << 10, (0b11, 0))
    + struct.pack("<II", CORE, 48) + bytes(40)
    + cache(1, INSTRUCTION, 64 << 10, (0b11, 0))
    + cache(2, UNIFIED, 1 << 20, (0b1111, 0), ways=16)
    + cache(1, DATA, 32 << 10, (0b1100, 0))
)  # fmt: skip


def test_caches_of_an_answer_are_told_for_every_cpu_that_shares_them() -> None:
    assert [(statement.cpu, statement.level, statement.type) for statement in found(LAPTOP)] == [
        (0, 1, "data"), (1, 1, "data"), (0, 1, "instruction"), (1, 1, "instruction"), (0, 2, "unified"),
        (1, 2, "unified"), (2, 2, "unified"), (3, 2, "unified"), (2, 1, "data"), (3, 1, "data"),
    ]  # fmt: skip


def test_size_ways_line_and_sharing_are_told() -> None:
    statement = found(cache(2, UNIFIED, 1 << 20, (0b110, 0), ways=16))[0]
    assert {name: reading.value for name, reading in statement.fields.items()} == {
        "size_bytes": 1 << 20, "line_size_bytes": 64, "ways_of_associativity": 16, "shared_cpus": (1, 2),
    }  # fmt: skip
    assert statement.is_whole


def test_full_associativity_is_no_number_of_ways() -> None:
    assert "ways_of_associativity" not in found(cache(1, DATA, 1, (1, 0), ways=0xFF))[0].fields


def test_groups_have_64_cpus_each() -> None:
    assert sharing(cache(3, UNIFIED, 1 << 20, (1 << 63, 0), (0b1, 1))) == [(63, 64)] * 2


def test_before_windows_11_there_is_one_group_and_its_number_is_0() -> None:
    assert sharing(cache(1, DATA, 1, (0b1, 0), count=0)) == [(0,)]


def test_32_bit_windows_has_shorter_masks() -> None:
    assert sharing(cache(1, DATA, 1, (0b101, 0), (0b1, 0), pointer="I", count=1), 4) == [(0, 2)] * 2


@pytest.mark.parametrize(("level", "kind"), [(0, DATA), (8, DATA), (255, DATA), (1, TRACE), (1, 0x7FFFFFFF)])
def test_a_cache_of_no_level_or_kind_is_passed_over(level: int, kind: int) -> None:
    data = cache(level, kind, 1, (1, 0)) + cache(1, DATA, 1, (1, 0))
    assert [(statement.level, statement.type) for statement in found(data)] == [(1, "data")]


def test_more_groups_than_there_are_bytes_end_with_the_record() -> None:
    assert sharing(cache(1, DATA, 1, (0b1, 0), count=0xFFFF) + cache(2, UNIFIED, 1, (0b1, 0))) == [(0,), (0,)]


def test_an_unknown_size_is_left_out() -> None:
    assert "size_bytes" not in found(cache(1, DATA, 0, (1, 0)))[0].fields


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_record_shorter_than_its_head_ends_the_answer(size: int) -> None:
    assert found(struct.pack("<II", CACHE, size) + LAPTOP) == []


def test_a_record_too_short_for_a_cache_is_passed_over() -> None:
    assert len(found(struct.pack("<II", CACHE, 12) + bytes(4) + LAPTOP)) == len(found(LAPTOP))


@given(st.integers(0, len(LAPTOP)))
def test_an_answer_cut_anywhere_gives_what_was_whole(length: int) -> None:
    cut = found(LAPTOP[:length])
    assert cut == found(LAPTOP)[: len(cut)]


@given(st.binary(max_size=400), st.sampled_from([4, 8]))
def test_any_bytes_are_parsed(data: bytes, pointer_bytes: int) -> None:
    found(data, pointer_bytes)
    for statement in found(struct.pack("<II", CACHE, 8 + len(data)) + data, pointer_bytes):
        assert statement.cpu in statement.fields["shared_cpus"].value  # type: ignore[operator]  # it is a tuple
        assert 0 < statement.level < 8


@pytest.mark.skipif(sys.platform == "win32", reason="Windows answers")
def test_other_systems_are_not_asked() -> None:
    assert cache_statements() == []
