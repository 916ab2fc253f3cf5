import math
import random

import msgspec
import pytest

from profiler.judge.overhead import call_overhead
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS, Arm
from profiler.session.records import ArmSet, Block, arm_times
from tests.sessions import make_block, make_case


def arm_set(out_in: float, in_out: float, identity: float, *, calls: int = 10, identity_calls: int = 100) -> ArmSet:
    """Times per call in nanoseconds."""
    slices: dict[Arm, tuple[int, ...]] = {
        arm: (round(calls * (in_out if arm.layout is WeightLayout.IN_OUT else out_in)),) * 3 for arm in ARMS
    }
    return ArmSet(
        calls=calls, arms=arm_times(slices), identity_calls=identity_calls,
        identity_ns=(round(identity_calls * identity),) * 3, load_s=0, rounds_s=1,
    )  # fmt: skip


def block(pass_index: int, *sets: ArmSet) -> Block:
    return Block(case="x", pass_index=pass_index, at_s=0, sets=sets)


def test_a_known_overhead_gives_its_share_and_the_ratio_that_is_left() -> None:
    """1000 ns of 3000 and of 5000: without them 2000 against 4000."""
    blocks = [block(at, arm_set(3000, 5000, 1000)) for at in range(6)]
    found = call_overhead(blocks, confidence_level=0.95)
    assert found is not None
    assert found.time_s == pytest.approx(1e-6)
    assert found.share == pytest.approx(1 / 3)
    assert not found.is_bound
    assert found.speedup is not None
    assert (found.speedup.low, found.speedup.point, found.speedup.high) == pytest.approx((2,) * 3)


def test_the_share_is_that_of_the_faster_layout() -> None:
    for times in ((2000, 9000), (9000, 2000)):
        found = call_overhead([block(at, arm_set(*times, 1500)) for at in range(2)], confidence_level=0.95)
        assert found is not None
        assert found.share == pytest.approx(0.75)
        assert found.is_bound


def test_each_pass_has_its_own_overhead_taken_off() -> None:
    """The runtime is slower in the second pass; what is left is 1000 and 3000 in both."""
    blocks = [block(0, arm_set(2000, 4000, 1000)), block(1, arm_set(6000, 8000, 5000))]
    found = call_overhead(blocks, confidence_level=0.95)
    assert found is not None
    assert found.speedup is not None
    assert (found.speedup.low, found.speedup.high) == pytest.approx((3,) * 2)
    assert found.time_s == pytest.approx(math.sqrt(1000 * 5000) * 1e-9)


def test_sets_of_a_pass_are_averaged() -> None:
    sets = arm_set(2000, 4000, 1000), arm_set(8000, 16000, 4000)
    found = call_overhead([block(at, *sets) for at in range(2)], confidence_level=0.95)
    assert found is not None
    assert found.time_s == pytest.approx(2e-6)
    assert found.share == pytest.approx(0.5)


@pytest.mark.parametrize("identity", [3000, 3500, 10_000])
def test_the_ratio_is_undefined_where_a_call_is_no_longer_than_the_overhead(identity: float) -> None:
    blocks = [block(0, arm_set(3000, 5000, 1000)), block(1, arm_set(3000, 5000, identity))]
    found = call_overhead(blocks, confidence_level=0.95)
    assert found is not None
    assert found.speedup is None
    assert 0 < found.share <= 1


def test_the_share_is_never_more_than_the_whole_call() -> None:
    found = call_overhead([block(at, arm_set(100, 100, 300)) for at in range(3)], confidence_level=0.95)
    assert found is not None
    assert found.share == 1


def test_one_pass_has_a_share_and_no_interval() -> None:
    found = call_overhead([block(0, arm_set(3000, 5000, 1000))], confidence_level=0.95)
    assert found is not None
    assert found.share == pytest.approx(1 / 3)
    assert found.speedup is None


def test_nothing_is_said_where_the_identity_model_was_not_timed() -> None:
    without = msgspec.structs.replace(arm_set(3000, 5000, 1000), identity_calls=0, identity_ns=())
    assert call_overhead([], confidence_level=0.95) is None
    assert call_overhead([block(0, without), block(1, without)], confidence_level=0.95) is None
    assert call_overhead([block(0, arm_set(3000, 5000, 1000)), block(1, without)], confidence_level=0.95) is None


def test_noise_widens_the_interval_around_the_ratio_that_is_left() -> None:
    """Identity 100 ns; 1e5 ns and 2e5 ns per call: next to nothing is taken off."""
    generator = random.Random(2)
    blocks = [make_block(make_case(), at, factor=2.0, generator=generator, placement_sd=0.02) for at in range(12)]
    found = call_overhead(blocks, confidence_level=0.95)
    assert found is not None
    assert found.speedup is not None
    assert found.speedup.low < 2 < found.speedup.high
    assert 0.005 < math.log(found.speedup.high / found.speedup.low) < 0.1
