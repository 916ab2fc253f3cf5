"""Budgets of memory and time, with clocks that are set by hand."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.limits.plan import (
    LIGHT_MAX_BYTES,
    MAX_BYTES,
    MIN_BUDGET_S,
    SIDE_SHARE,
    Budget,
    core_budget,
    largest_buffer,
    point_sizes,
)

MIB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def spend(total_s: float, sizes: list[int], s_per_byte: float) -> tuple[list[int], Budget, float]:
    clock = Clock()
    budget = Budget(total_s, clock=clock)
    measured = []
    for size in budget.sweeps(sizes):
        measured.append(size)
        clock.now_s += size * s_per_byte
    return measured, budget, clock.now_s - 100.0


def test_with_time_enough_every_size_is_measured_twice() -> None:
    measured, budget, _ = spend(100.0, [1, 2, 4], 1.0)
    assert measured == [1, 2, 4, 1, 2, 4]
    assert budget.left_out == ()


def test_with_little_time_the_second_sweep_ends_first() -> None:
    measured, budget, _ = spend(8.0, [1, 2, 4], 1.0)
    assert measured == [1, 2, 4, 1]
    assert budget.left_out == ()


def test_with_less_time_the_largest_sizes_are_left_out_and_told() -> None:
    measured, budget, _ = spend(4.0, [1, 2, 4, 8], 1.0)
    assert measured == [1, 2, 1]
    assert budget.left_out == (4, 8)


@given(st.floats(0.001, 10.0), st.floats(1e-9, 1e-5))
def test_time_is_kept_but_for_the_smallest_size(total_s: float, s_per_byte: float) -> None:
    sizes = list(point_sizes(MAX_BYTES))
    measured, budget, spent_s = spend(total_s, sizes, s_per_byte)
    assert spent_s <= total_s + 2 * sizes[0] * s_per_byte + 1e-6
    assert measured[0] == sizes[0]
    assert sorted({*measured, *budget.left_out}) == sizes


@given(st.integers(0, 1 << 40), st.booleans())
def test_all_that_is_alive_at_once_takes_a_quarter_of_memory_at_most(available: int, use_numba: bool) -> None:
    largest = largest_buffer(available, use_numba=use_numba)
    assert largest <= (MAX_BYTES if use_numba else LIGHT_MAX_BYTES)
    assert largest * SIDE_SHARE <= max(available / 4, 16 << 10)


def test_half_a_gigabyte_board_is_measured_beyond_its_caches() -> None:
    assert largest_buffer(300 * MIB, use_numba=True) >= 32 * MIB


@pytest.mark.parametrize("is_fine", [False, True])
def test_sizes_ascend_are_whole_lines_and_end_with_the_largest(is_fine: bool) -> None:
    sizes = point_sizes(MAX_BYTES, is_fine=is_fine)
    assert list(sizes) == sorted(set(sizes))
    assert sizes[0] == 4096
    assert sizes[-1] == MAX_BYTES
    assert all(size % 128 == 0 for size in sizes)
    assert all(later / earlier <= 1.5 for earlier, later in itertools.pairwise(sizes))


def test_core_types_share_the_time_but_each_gets_enough() -> None:
    assert core_budget(2, use_numba=True) == core_budget(1, use_numba=True) / 2
    assert core_budget(9, use_numba=True) == MIN_BUDGET_S
    assert core_budget(1, use_numba=False) < core_budget(1, use_numba=True)
