import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.records import CacheInfo, CoreType, HardwareInfo
from profiler.report.machine_sketch import draw_caches
from profiler.report.screen import WIDTH
from tests.machine.trees import NAMES, board

PI4 = board("pi4-64bit")


def with_caches(*caches: CacheInfo, cores: tuple[CoreType, ...] = ()) -> HardwareInfo:
    return msgspec.structs.replace(PI4, caches=caches, core_types=cores)


def cache(level: int, *shared: tuple[int, ...], size: int | None = 32 << 10) -> CacheInfo:
    return msgspec.structs.replace(PI4.caches[0], level=level, type="unified", shared_cpus=shared, size_bytes=size)


def bars(line: str) -> list[tuple[int, int, str]]:
    """Start, end and text of every bar."""
    return [(found.start(), found.end(), found[1].strip()) for found in re.finditer(r"\[([^]]*)\]", line)]


def test_a_pi_4_is_drawn_as_it_is() -> None:
    assert draw_caches(PI4) == (
        "CPU           0                 1                 2                 3",
        "L1d   [      32K      ] [      32K      ] [      32K      ] [      32K      ]",
        "L1i   [      48K      ] [      48K      ] [      48K      ] [      48K      ]",
        "L2    [                                  1M                                 ]",
    )


def test_an_rk3588_shows_both_kinds_of_core_and_a_bar_over_all() -> None:
    drawn = draw_caches(board("rk3588"))
    assert drawn[1].split() == ["A55"] * 4 + ["A76"] * 4
    assert [[text for _, _, text in bars(line)] for line in drawn[2:]] == [
        ["32K"] * 4 + ["64K"] * 4, ["32K"] * 4 + ["64K"] * 4, ["128K"] * 4 + ["512K"] * 4, ["3M"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_bars_stand_under_their_cpus_and_within_the_width(name: str) -> None:
    drawn = draw_caches(board(name))
    assert all(len(line) <= WIDTH for line in drawn)
    if not drawn:
        assert not board(name).caches
        return
    columns = [found.start() for found in re.finditer(r"\d+", drawn[0])]
    for line in drawn[1:]:
        assert len(line[:6].split()) <= 1
        covered = [column for column in columns for start, end, _ in bars(line) if start <= column < end]
        assert covered in (columns, []), line


def test_threads_of_one_core_share_a_bar() -> None:
    first = bars(draw_caches(board("wsl2"))[1])
    assert [text for _, _, text in first] == ["32K"] * 4
    assert len({end - start for start, end, _ in first}) == 1


@pytest.mark.parametrize(("count", "is_drawn"), [(1, True), (8, True), (9, False), (128, False), (0, False)])
def test_more_than_8_cpus_are_not_drawn(count: int, is_drawn: bool) -> None:
    drawn = draw_caches(with_caches(cache(1, *((cpu,) for cpu in range(count)))))
    assert bool(drawn) is is_drawn


def test_an_unknown_size_is_said_and_unknown_sharing_is_not_drawn() -> None:
    drawn = draw_caches(with_caches(cache(1, (0,), (1,), size=None), cache(2)))
    assert len(drawn) == 2
    assert [text for _, _, text in bars(drawn[1])] == ["unknown"] * 2
    assert draw_caches(with_caches(cache(1), cache(2))) == ()


def test_cpus_that_share_a_cache_and_lie_apart_get_a_bar_each() -> None:
    drawn = draw_caches(with_caches(cache(1, (0, 2), (1, 3))))
    assert len(bars(drawn[1])) == 4
    joined = draw_caches(with_caches(cache(1, (0, 1, 3), (2,))))
    widths = [end - start for start, end, _ in bars(joined[1])]
    assert len(widths) == 3
    assert widths[0] > widths[1] == widths[2]


def test_a_cpu_without_a_cache_of_a_level_has_a_gap_there() -> None:
    drawn = draw_caches(with_caches(cache(1, (0,), (1,)), cache(2, (1,))))
    (start, _, _) = bars(drawn[2])[0]
    assert start == bars(drawn[1])[1][0]


def test_cpu_numbers_with_gaps_are_columns_without() -> None:
    assert draw_caches(with_caches(cache(1, (3,), (100,), (8191,))))[0].split() == ["CPU", "3", "100", "8191"]


SHARED = st.lists(st.lists(st.integers(0, 12), unique=True, min_size=1).map(tuple), max_size=6).map(tuple)


@given(
    st.lists(st.builds(cache, st.integers(1, 4), size=st.one_of(st.none(), st.integers(0, 1 << 60))), max_size=6),
    st.lists(SHARED, min_size=6, max_size=6),
    st.text(max_size=30),
)
def test_any_caches_are_drawn_within_the_width_or_not_at_all(
    caches: list[CacheInfo], shared: list[tuple[tuple[int, ...], ...]], name: str
) -> None:
    told = [msgspec.structs.replace(one, shared_cpus=cpus) for one, cpus in zip(caches, shared, strict=False)]
    core = msgspec.structs.replace(PI4.core_types[0], name=name, cpus=(0, 2, 4))
    drawn = draw_caches(with_caches(*told, cores=(core,)))
    cpus = {cpu for one in told for group in one.shared_cpus for cpu in group}
    assert bool(drawn) is (0 < len(cpus) <= 8)
    assert all(len(line) <= WIDTH for line in drawn)
