import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.judge.disturbance import (
    CLOCK_JUMP_S,
    MIN_CANARIES,
    SUSPENDED_S,
    better_attempt,
    canary_of,
    changes,
    counted,
    counted_blocks,
    disturbances,
)
from profiler.machine.records import Conditions, Noise
from profiler.session.records import Block, Disturbance
from tests.sessions import make_block, make_case

QUIET = Noise(
    canary_s=(1e-5, 1e-5), elapsed_s=1.0, cpu_s=1.0, other_cpu_s=0.0, major_faults=0, minor_faults=500,
    involuntary_switches=3, swapped_pages=0,
)  # fmt: skip
BEFORE = Conditions(
    at_s=10.0, utc="2026-11-22T00:00:10Z", governors={"policy0": "performance"}, throttled=0, wall_s=10.0,
    suspended_s=5.0,
)  # fmt: skip
LATER = msgspec.structs.replace(BEFORE, at_s=11.0, wall_s=11.0)


def marks(
    changed: dict[str, Any] | None = None, *, canaries: tuple[float, ...] = (), threads: int = 1
) -> list[Disturbance]:
    quiet = msgspec.structs.replace(QUIET, **(changed or {}))
    return disturbances(quiet, threads=threads, canaries=canaries)


def test_a_quiet_block_bears_no_mark() -> None:
    assert marks() == []
    assert marks(canaries=(1e-5,) * 20) == []


@pytest.mark.parametrize(
    ("changed", "mark"),
    [
        ({"canary_s": (1e-5, 1.06e-5)}, Disturbance.CANARY),
        ({"canary_s": (1.06e-5, 1e-5)}, Disturbance.CANARY),
        ({"other_cpu_s": 0.51}, Disturbance.FOREIGN_LOAD),
        ({"cpu_s": 0.94}, Disturbance.PREEMPTED),
        ({"major_faults": 1}, Disturbance.PAGE_FAULTS),
        ({"swapped_pages": 1}, Disturbance.SWAP),
    ],
)
def test_each_thing_that_disturbs_gives_its_mark_alone(changed: dict[str, Any], mark: Disturbance) -> None:
    assert marks(changed) == [mark]


@pytest.mark.parametrize(
    "changed",
    [
        {"canary_s": (1e-5, 1.04e-5)},
        {"other_cpu_s": 0.49},
        {"cpu_s": 0.96},
        {"other_cpu_s": None, "major_faults": None, "minor_faults": None, "swapped_pages": None},
        {"minor_faults": 100_000, "involuntary_switches": 10_000},
    ],
)
def test_little_of_it_and_what_nobody_can_tell_give_none(changed: dict[str, Any]) -> None:
    assert marks(changed) == []


def test_several_things_give_several_marks() -> None:
    assert marks({"swapped_pages": 3, "major_faults": 2}) == [Disturbance.PAGE_FAULTS, Disturbance.SWAP]


def test_threads_that_share_a_block_are_not_taken_for_preempted() -> None:
    assert marks({"cpu_s": 0.5}) == [Disturbance.PREEMPTED]
    assert marks({"cpu_s": 0.5}, threads=2) == []


def test_the_canary_is_held_against_what_it_usually_takes_here() -> None:
    """A block that is slow from its beginning to its end shows no drift of its own."""
    slow = {"canary_s": (1.2e-5, 1.2e-5)}
    assert marks(slow, canaries=(1e-5,) * MIN_CANARIES) == [Disturbance.CANARY]
    assert marks(slow, canaries=(1e-5,) * (MIN_CANARIES - 1)) == []
    assert marks(slow, canaries=(1.2e-5,) * MIN_CANARIES) == []
    assert marks(slow, canaries=(1.0e-5,) * 2 + (1.2e-5,) * 5) == []


def test_shares_are_of_the_time_that_went_by() -> None:
    assert marks({"elapsed_s": 0.1, "cpu_s": 0.1, "other_cpu_s": 0.06}) == [Disturbance.FOREIGN_LOAD]
    assert marks({"elapsed_s": 10.0, "cpu_s": 9.6, "other_cpu_s": 4.9}) == []


def test_the_canary_of_a_block_is_the_slower_one() -> None:
    block = make_block(make_case(), 0, factor=1.0, generator=random.Random(1))
    assert canary_of(block) is None
    quiet = msgspec.structs.replace(QUIET, canary_s=(1e-5, 2e-5))
    assert canary_of(msgspec.structs.replace(block, noise=quiet)) == 2e-5


@pytest.mark.parametrize(
    ("after", "mark"),
    [
        ({"throttled": 0x1}, Disturbance.THROTTLED),
        ({"throttled": 0x50004}, Disturbance.THROTTLED),
        ({"throttled": 0x8}, Disturbance.THROTTLED),
        ({"governors": {"policy0": "ondemand"}}, Disturbance.GOVERNOR),
        ({"governors": {"policy0": "performance", "policy4": "performance"}}, Disturbance.GOVERNOR),
        ({"suspended_s": 65.0, "wall_s": 71.0}, Disturbance.SUSPENDED),
        ({"wall_s": 11.0 + 3600}, Disturbance.CLOCK),
        ({"wall_s": 11.0 - 3600}, Disturbance.CLOCK),
        ({"wall_s": 11.0 + 1.01 * CLOCK_JUMP_S}, Disturbance.CLOCK),
    ],
)
def test_each_change_of_the_machine_gives_its_mark_alone(after: dict[str, object], mark: Disturbance) -> None:
    assert changes(BEFORE, msgspec.structs.replace(LATER, **after)) == [mark]


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"throttled": None},
        {"throttled": 0x50000},  # since boot, not now
        {"wall_s": 11.0 + 0.99 * CLOCK_JUMP_S},
        {"wall_s": None},
        {"suspended_s": 5.0 + 0.9 * SUSPENDED_S},
        {"temperatures_celsius": {"zone": 90.0}, "load_1min": 9.0},
    ],
)
def test_a_machine_that_stays_as_it_is_gives_none(after: dict[str, object]) -> None:
    assert changes(BEFORE, msgspec.structs.replace(LATER, **after)) == []


def test_a_machine_that_tells_nothing_gives_none() -> None:
    bare = Conditions(at_s=0.0, utc="x")
    assert changes(bare, msgspec.structs.replace(bare, at_s=1.0)) == []


def test_sleep_alone_is_no_clock_that_was_set() -> None:
    """The wall clock goes on while the machine sleeps, the monotonic one does not."""
    asleep = msgspec.structs.replace(LATER, suspended_s=5.0 + 600, wall_s=11.0 + 600)
    assert changes(BEFORE, asleep) == [Disturbance.SUSPENDED]
    set_as_well = msgspec.structs.replace(LATER, suspended_s=5.0 + 600, wall_s=11.0 + 7200)
    assert changes(BEFORE, set_as_well) == [Disturbance.SUSPENDED, Disturbance.CLOCK]


def block(pass_index: int, attempt: int = 0, *, is_disturbed: bool = False) -> Block:
    made = make_block(
        make_case(), pass_index, factor=1.0, generator=random.Random(0),
        disturbed_by=(Disturbance.SWAP,) if is_disturbed else (),
    )  # fmt: skip
    return msgspec.structs.replace(made, attempt=attempt)


def chosen(*blocks: Block) -> list[tuple[int, int]]:
    case = make_case().id
    return [(found.pass_index, found.attempt) for found in counted_blocks(blocks, [case])[case]]


def test_the_undisturbed_attempt_counts_whichever_came_first() -> None:
    assert chosen(block(0, is_disturbed=True), block(0, 1), block(1)) == [(0, 1), (1, 0)]
    assert chosen(block(0), block(0, 1, is_disturbed=True), block(1)) == [(0, 0), (1, 0)]
    assert chosen(block(0), block(0, 1), block(1)) == [(0, 1), (1, 0)]


def test_disturbed_passes_do_not_count_while_they_are_few() -> None:
    assert chosen(block(0), block(1, is_disturbed=True), block(2)) == [(0, 0), (2, 0)]
    assert chosen(block(0, is_disturbed=True), block(0, 1, is_disturbed=True), block(1)) == [(1, 0)]


def test_all_count_when_more_than_half_are_disturbed() -> None:
    quiet, disturbed = [block(at) for at in range(2)], [block(at, is_disturbed=True) for at in range(2, 5)]
    assert len(chosen(*quiet, *disturbed)) == 5
    assert len(chosen(*quiet, *disturbed[:2])) == 2


def test_passes_come_in_their_order_and_cases_that_have_none_are_empty() -> None:
    case = make_case().id
    assert counted_blocks([block(2), block(0), block(1)], [case, "other"]) == {
        case: [block(0), block(1), block(2)],
        "other": [],
    }


@given(st.lists(st.booleans(), max_size=12))
def test_what_counts_is_quiet_or_everything(disturbed: list[bool]) -> None:
    blocks = [block(at, is_disturbed=flag) for at, flag in enumerate(disturbed)]
    found = counted(blocks)
    assert found in (blocks, [item for item in blocks if not item.disturbed_by])
    assert 2 * len(found) >= len(blocks)


@given(st.lists(st.booleans(), min_size=1, max_size=5))
def test_the_better_attempt_is_an_undisturbed_one_if_any_is(disturbed: list[bool]) -> None:
    best: Block | None = None
    for at, flag in enumerate(disturbed):
        best = better_attempt(best, block(0, at, is_disturbed=flag))
    assert best is not None
    assert bool(best.disturbed_by) is all(disturbed)
