"""The pilot on blocks whose variances are known, because they were drawn with them."""

import math
import random
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.judge.placement import (
    CHEAP_BLOCK_S,
    MAX_SETS,
    PILOT_PASSES,
    PILOT_SETS,
    ROUNDS,
    Components,
    Design,
    block_seconds,
    choose_designs,
    pool_components,
    round_effects,
)
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS
from profiler.session.records import ArmSet, Block, Start, arm_times
from tests.sessions import make_block, make_case

ROUNDS_ASKED = 11


def blocks(  # a factory has many parameters
    generator: random.Random,
    *,
    passes: int = 4,
    pass_sd: float = 0.0,
    set_sd: float = 0.0,
    round_sd: float = 0.001,
    load_s: float = 0.01,
    round_s: float = 0.005,
) -> list[Block]:
    """Blocks as a pilot leaves them: pass 0 with one set, the next three with two."""
    found = []
    for at in range(passes):
        effect = generator.gauss(0, pass_sd)
        sets = []
        for _ in range(PILOT_SETS if at in PILOT_PASSES else 1):
            placed = effect + generator.gauss(0, set_sd)
            slices = {
                # the effect of a round is a mean of four draws: each has twice its standard deviation, summed, halved
                arm: tuple(
                    max(
                        1,
                        round(
                            1e9
                            * math.exp(
                                (placed if arm.layout is WeightLayout.IN_OUT else 0) + generator.gauss(0, round_sd)
                            )
                        ),
                    )
                    for _ in range(ROUNDS_ASKED)
                )
                for arm in ARMS
            }
            sets.append(ArmSet(calls=1, arms=arm_times(slices), load_s=load_s, rounds_s=round_s * ROUNDS_ASKED))
        found.append(Block(case="x", pass_index=at, at_s=0, sets=tuple(sets)))
    return found


def suite(count: int = 24, **fields: float) -> dict[str, list[Block]]:
    generator = random.Random(11)
    return {str(at): blocks(generator, **fields) for at in range(count)}  # type: ignore[arg-type]


def starts(seconds: float) -> list[Start]:
    return [Start(runtime="numpy", pass_index=at, start_s=seconds) for at in range(4)]


def components(found: Mapping[str, Sequence[Block]], start_s: float = 1.0) -> Components:
    known = pool_components(found, starts(start_s))
    assert known is not None
    return known


def chosen(found: Mapping[str, Sequence[Block]], pass_index: int, start_s: float = 1.0) -> dict[str, Design]:
    return choose_designs(found, starts(start_s), pass_index=pass_index, rounds=ROUNDS_ASKED)


def design(start_s: float = 1.0, **fields: float) -> Design:
    (only,) = set(chosen(suite(24, **fields), 4, start_s).values())
    return only


def test_variances_are_found_at_the_level_they_were_drawn_at() -> None:
    """Medians over 200 cases of a variance of few values: skewed, so that only its order of magnitude is known."""
    in_passes = components(suite(200, pass_sd=0.05, set_sd=0.0))
    in_sets = components(suite(200, pass_sd=0.0, set_sd=0.05))
    in_rounds = components(suite(200, round_sd=0.05))
    assert in_passes.pass_variance > 50 * in_passes.set_variance
    assert 0.4 * 0.05**2 < in_passes.pass_variance < 1.2 * 0.05**2
    assert in_sets.set_variance > 5 * in_sets.pass_variance
    assert 0.4 * 0.05**2 < in_sets.set_variance < 1.2 * 0.05**2
    assert in_rounds.round_variance > 10 * max(in_rounds.set_variance, in_rounds.pass_variance)


def test_the_costs_of_each_level_are_those_of_the_records() -> None:
    found = components(suite(10, load_s=0.02, round_s=0.004), start_s=3.0)
    assert found.pass_s == pytest.approx(3.0 / 10)
    assert found.set_s == pytest.approx(0.02)
    assert found.round_s == pytest.approx(0.004)


def test_sets_that_vary_are_loaded_more_often() -> None:
    assert design(pass_sd=0.02, set_sd=0.0005).sets == 1
    assert design(pass_sd=0.002, set_sd=0.02).sets == MAX_SETS


def test_an_expensive_start_is_used_for_more_sets() -> None:
    few, many = (design(start_s, pass_sd=0.01, set_sd=0.01).sets for start_s in (0.01, 30.0))
    assert few < many


def test_rounds_that_vary_are_repeated_more_often() -> None:
    few, many = (
        design(pass_sd=0.01, set_sd=0.01, round_sd=round_sd, load_s=0.02, round_s=0.005).rounds
        for round_sd in (0.0001, 0.1)
    )
    assert (few, many) == ROUNDS


@given(st.tuples(*[st.floats(0, 1)] * 3, *[st.floats(1e-6, 100)] * 3))
def test_a_design_keeps_its_limits_and_has_an_odd_number_of_rounds(values: tuple[float, ...]) -> None:
    best = Components(*values).best()
    assert 1 <= best.sets <= MAX_SETS
    assert ROUNDS[0] <= best.rounds <= ROUNDS[1]
    assert best.rounds % 2 == 1


@given(st.tuples(*[st.floats(1e-8, 1e-2)] * 3, *[st.floats(1e-4, 1)] * 3))
def test_the_best_design_is_nearly_as_good_as_any(values: tuple[float, ...]) -> None:
    """Whole numbers and one level after the other cost something: never more than a third of the time."""
    known = Components(*values)
    best = known.variance_per_second(known.best())
    others = [Design(sets, rounds) for sets in range(1, MAX_SETS + 1) for rounds in range(ROUNDS[0], ROUNDS[1] + 1, 2)]
    assert best <= 4 / 3 * min(map(known.variance_per_second, others))


def test_nothing_is_known_before_the_pilot() -> None:
    nothing: dict[str, list[Block]] = {"x": [], "y": []}
    for at in range(6):
        assert chosen(nothing, at) == dict.fromkeys("xy", Design(1, ROUNDS_ASKED))
    assert pool_components(nothing, []) is None


def test_a_pilot_of_two_sets_follows_the_first_pass() -> None:
    pilot = {Design(PILOT_SETS, ROUNDS_ASKED)}
    assert set(chosen(suite(5, passes=1, set_sd=0.02), 0).values()) == {Design(1, ROUNDS_ASKED)}
    for passes in PILOT_PASSES:
        assert set(chosen(suite(5, passes=passes, set_sd=0.02), passes).values()) == pilot
    after = set(chosen(suite(5, passes=4, set_sd=0.02), 4).values())
    assert after != pilot
    assert len(after) == 1


def test_slow_blocks_get_one_set_and_leave_the_others_theirs() -> None:
    found = suite(6, pass_sd=0.001, set_sd=0.05)
    slow = CHEAP_BLOCK_S / ROUNDS_ASKED
    found["slow"] = blocks(random.Random(1), passes=1, round_s=slow)
    designs = chosen(found, 4)
    assert designs.pop("slow") == Design(1, ROUNDS_ASKED)
    assert {design.sets for design in designs.values()} == {MAX_SETS}


def test_a_block_takes_what_its_sets_took() -> None:
    (block,) = blocks(random.Random(1), passes=1)
    two = msgspec.structs.replace(block, sets=block.sets * 2)
    assert block_seconds(two) == pytest.approx(2 * (0.01 + 0.005 * ROUNDS_ASKED))


def test_the_effect_of_a_round_is_that_of_the_protocol() -> None:
    (arm_set,) = make_block(make_case(), 0, factor=2.0, generator=random.Random(1), placement_sd=0, slice_sd=0).sets
    assert round_effects(arm_set) == pytest.approx([math.log(2)] * 11, rel=1e-4)
