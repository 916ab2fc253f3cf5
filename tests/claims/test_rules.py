"""From verdicts to outcomes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.claims.both import choices_of, gain_of_both, judge
from profiler.claims.locality import FALLBACK_CACHES, is_beyond, naive_sides
from profiler.claims.rules import (
    count_figures,
    judge_all_above,
    judge_majority,
    judge_within,
    largest,
    speedup_figure,
    steepest_rise,
)
from profiler.judge.records import Verdict
from profiler.report.appendix_records import Outcome
from tests.rows import make_row

PAYS, COSTS, EQUAL, OPEN = Verdict.PAYS_OFF, Verdict.COSTS, Verdict.EQUAL, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ([PAYS, PAYS, COSTS], Outcome.HOLDS),
        ([PAYS, COSTS], Outcome.DOES_NOT_HOLD),
        ([PAYS, OPEN], Outcome.UNDECIDED),
        ([PAYS, OPEN, EQUAL], Outcome.UNDECIDED),
        ([PAYS, OPEN, EQUAL, COSTS], Outcome.DOES_NOT_HOLD),
        ([EQUAL], Outcome.DOES_NOT_HOLD),
        ([], Outcome.DOES_NOT_HOLD),
    ],
)
def test_usually_means_more_than_half_of_the_cases(verdicts: list[Verdict], outcome: Outcome) -> None:
    assert judge_majority([make_row(1.0, verdict) for verdict in verdicts], PAYS) is outcome


@pytest.mark.parametrize(
    ("speedups", "outcome"),
    [
        ([3.0, 5.0], Outcome.HOLDS),
        ([3.0, 1.5], Outcome.DOES_NOT_HOLD),
        ([3.0, 2.0], Outcome.UNDECIDED),
        ([3.0, None], Outcome.UNDECIDED),
        ([], Outcome.UNDECIDED),
    ],
)
def test_dramatically_means_that_every_interval_lies_above(speedups: list[float | None], outcome: Outcome) -> None:
    assert judge_all_above([make_row(speedup) for speedup in speedups], 2.0) is outcome


@pytest.mark.parametrize(
    ("speedups", "outcome"),
    [
        ([1.0, 1.9, 0.55], Outcome.HOLDS),
        ([1.0, 2.2], Outcome.DOES_NOT_HOLD),
        ([1.0, 0.4, None], Outcome.DOES_NOT_HOLD),
        ([1.0, 2.0], Outcome.UNDECIDED),
        ([1.0, None], Outcome.UNDECIDED),
        ([], Outcome.UNDECIDED),
    ],
)
def test_no_factor_of_two_holds_in_both_directions(speedups: list[float | None], outcome: Outcome) -> None:
    assert judge_within([make_row(speedup) for speedup in speedups], 2.0) is outcome


def test_the_knee_is_where_the_speedup_rises_most() -> None:
    cases = [make_row(speedup) for speedup in (1.1, 1.2, 6.0, 7.0)]
    assert steepest_rise(cases) == (cases[1], cases[2])
    assert steepest_rise(cases[::-1]) is None
    assert steepest_rise([make_row(None), make_row(2.0)]) is None


def test_a_case_without_a_pass_has_no_figure_and_is_not_the_largest() -> None:
    unmeasured, measured = make_row(None), make_row(0.25)
    assert speedup_figure(unmeasured, name="x") is None
    assert largest([unmeasured, measured, make_row(2.0)]) is measured
    assert largest([unmeasured]) is None


def test_every_verdict_is_counted_even_if_no_case_has_it() -> None:
    figures = count_figures([make_row(1.0, EQUAL)], prefix="forward: ")
    assert {(figure.name, figure.value, figure.of) for figure in figures} == {
        ("forward: pays off", 0, 1), ("forward: costs", 0, 1), ("forward: equal", 1, 1), ("forward: undecided", 0, 1),
    }  # fmt: skip


def test_sizes_lie_inside_and_outside_of_each_cache_and_below_the_limit() -> None:
    assert naive_sides((32 << 10, 512 << 10, 32 << 20), 16 << 20) == [64, 128, 256, 512, 2048]
    assert naive_sides(FALLBACK_CACHES, 1 << 20) == [64, 128, 360, 512]


def test_a_size_counts_where_a_row_fits_the_first_cache_and_the_matrix_no_cache_of_one_core() -> None:
    caches = (32 << 10, 512 << 10, 32 << 20)
    names = {side: make_row(1.0, shape=(side, side)) for side in (256, 512, 4096, 16384)}
    assert [side for side, found in names.items() if is_beyond(found, caches)] == [512, 4096]


def test_storing_both_pays_where_batches_disagree() -> None:
    split = [make_row(2.0, PAYS, batch=1), make_row(0.5, COSTS, batch=8)]
    (choice,) = choices_of(split)
    assert choice.is_split
    assert choice.gain == choice.most == pytest.approx(math.sqrt(2))
    assert choice.extra_bytes == 4 * 64 * 64
    assert judge([choice]) is Outcome.HOLDS


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [([PAYS, EQUAL], Outcome.DOES_NOT_HOLD), ([PAYS, OPEN], Outcome.UNDECIDED), ([], Outcome.UNDECIDED)],
)
def test_storing_both_is_no_use_where_one_layout_is_never_worse(verdicts: list[Verdict], outcome: Outcome) -> None:
    cases = [make_row(1.5, verdict, batch=batch) for batch, verdict in enumerate(verdicts, 1)]
    assert judge(list(choices_of(cases))) is outcome


@given(st.lists(st.tuples(st.floats(0.01, 100), st.sampled_from(Verdict))))
def test_picking_per_batch_never_loses_and_gains_no_more_than_the_largest_difference(
    cases: list[tuple[float, Verdict]],
) -> None:
    found = [make_row(speedup, verdict) for speedup, verdict in cases]
    most = max((max(speedup, 1 / speedup) for speedup, _ in cases), default=1.0)
    assert 1 <= gain_of_both(found) <= most * 1.0001
    assert 1 <= gain_of_both(found, only_sure=False) <= most * 1.0001
