import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.artifacts.records import Form
from profiler.judge.limits import call_bytes, call_flops, is_at_limit, limit_for, read_rate
from profiler.judge.records import Limit, LimitedBy
from profiler.machine.limits.records import BandwidthPoint, CoreLimits
from profiler.machine.records import CoreType, HardwareInfo
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, linear_workload, network_layers
from profiler.session.records import Case, Control, Weights
from tests.sessions import hardware, measured

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
BOTH = {OUT_IN: 1.0, IN_OUT: 1.0}


def case_of(
    workload: Workload, batch: tuple[int, ...] = (1,), *, threads: int = 1, weights: Weights = Weights.WARM
) -> Case:
    return Case(
        runtime="numpy", form=Form.CONTROLLED, workload=workload.name, batch_shape=batch, dtype=NumberFormat.FLOAT32,
        threads=threads, weights=weights, control=Control.NONE,
    )  # fmt: skip


def layer(inner: int, outer: int, *, bias: bool = True) -> Workload:
    return linear_workload(LinearShape(in_features=inner, out_features=outer, bias=bias), batch_shapes=((1,),))


def limit(
    workload: Workload, batch: tuple[int, ...] = (1,), machine: HardwareInfo | None = None, **kind: object
) -> Limit:
    found = limit_for(case_of(workload, batch, **kind), workload, machine or hardware(), time_s=BOTH, cpus=())  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_layer_does_two_operations_for_each_weight_and_row_and_one_for_each_bias() -> None:
    assert call_flops(layer(1000, 200), (1,)) == 2 * 1000 * 200 + 200
    assert call_flops(layer(1000, 200, bias=False), (8,)) == 8 * 2 * 1000 * 200
    assert call_flops(layer(3, 2), (5, 3)) == 15 * (2 * 6 + 2)


def test_a_network_counts_all_its_layers() -> None:
    iris = Workload(name="iris", layers=network_layers((4, 7, 3)))
    assert call_flops(iris, ()) == 2 * (28 + 21) + 10
    assert call_bytes(iris, (2,), NumberFormat.FLOAT32) == 4 * (49 + 10 + 2 * (4 + 3))


def test_a_matrix_vector_product_in_memory_is_bound_by_reading_its_weights() -> None:
    big = layer(2048, 2048)
    found = limit(big)
    assert found.limited_by is LimitedBy.MEMORY
    assert found.level == "memory"
    assert found.bound_s == pytest.approx(4 * (2048 * 2048 + 2048 + 4096) / 4e9)
    assert found.fractions == {OUT_IN: pytest.approx(found.bound_s), IN_OUT: pytest.approx(found.bound_s)}


def test_a_large_batch_is_bound_by_computing() -> None:
    found = limit(layer(512, 512), (64,))
    assert found.limited_by is LimitedBy.COMPUTE
    assert found.bound_s == pytest.approx(64 * (2 * 512 * 512 + 512) / 20e9)


def test_weights_in_a_cache_are_read_at_its_rate() -> None:
    found = limit(layer(64, 64))
    assert found.level == "L1"
    assert found.bound_s == pytest.approx(4 * (64 * 64 + 64 + 128) / 16e9)


def test_cold_weights_come_from_memory_however_small() -> None:
    found = limit(layer(64, 64), weights=Weights.COLD)
    assert found.level == "memory"
    assert found.bound_s == pytest.approx(4 * (64 * 64 + 64 + 128) / 4e9)


def test_cold_weights_have_no_bound_where_every_buffer_fitted_the_last_cache() -> None:
    machine = hardware()
    huge = msgspec.structs.replace(machine.caches[-1], size_bytes=480 << 20)
    machine = msgspec.structs.replace(machine, caches=(*machine.caches[:-1], huge))
    cold = case_of(layer(64, 64), weights=Weights.COLD)
    assert limit_for(cold, layer(64, 64), machine, time_s=BOTH, cpus=()) is None


def test_two_threads_are_granted_twice_what_one_core_can_do() -> None:
    assert limit(layer(2048, 2048), threads=2).bound_s == pytest.approx(limit(layer(2048, 2048)).bound_s / 2)


def test_without_a_measurement_there_is_no_limit() -> None:
    machine = msgspec.structs.replace(hardware(), measured=None)
    assert limit_for(case_of(layer(8, 8)), layer(8, 8), machine, time_s=BOTH, cpus=()) is None
    assert limit_for(case_of(layer(8, 8)), layer(8, 8), hardware(), time_s={}, cpus=()) is None


def two_cores() -> HardwareInfo:
    """A chip with a slow core type beside the Cortex-A72."""
    (fast,) = measured().cores
    slow = msgspec.structs.replace(
        fast,
        core="Cortex-A53",
        bandwidths=tuple(
            BandwidthPoint(buffer_bytes=p.buffer_bytes, read_bytes_per_s=p.read_bytes_per_s / 4, copy_bytes_per_s=None)
            for p in fast.bandwidths
        ),
    )
    types = tuple(
        CoreType(name=name, implementer=0x41, part=part, cpus=cpus, source="test")
        for name, part, cpus in (("Cortex-A53", 0xD03, (0, 1)), ("Cortex-A72", 0xD08, (2, 3)))
    )
    return msgspec.structs.replace(
        hardware(), core_types=types, measured=msgspec.structs.replace(measured(), cores=(slow, fast))
    )


def test_a_run_pinned_to_the_slow_cores_is_held_against_them_and_any_other_against_the_fast_ones() -> None:
    big = layer(2048, 2048)
    free, slow, fast = (limit_for(case_of(big), big, two_cores(), time_s=BOTH, cpus=cpus) for cpus in ((), (1,), (3,)))
    assert free is not None
    assert slow is not None
    assert fast is not None
    assert free.bound_s == fast.bound_s == pytest.approx(slow.bound_s / 4)


def test_both_layouts_must_reach_four_fifths_of_the_bound_to_sit_at_it() -> None:
    found = limit(layer(2048, 2048))
    for out_in, in_out, expected in ((0.9, 0.85, True), (0.9, 0.7, False), (1.05, 0.85, True), (1.2, 0.85, False)):
        assert is_at_limit(msgspec.structs.replace(found, fractions={OUT_IN: out_in, IN_OUT: in_out})) is expected
    assert not is_at_limit(msgspec.structs.replace(found, fractions={OUT_IN: 0.9}))


@given(st.integers(1, 1 << 30), st.integers(1, 1 << 30))
def test_more_bytes_are_never_read_faster(first: int, second: int) -> None:
    (core,) = measured().cores
    small, large = sorted((first, second))
    assert (read_rate(core, small) or 0) >= (read_rate(core, large) or 0)


def test_what_is_larger_than_every_buffer_is_read_like_the_largest() -> None:
    (core,) = measured().cores
    assert read_rate(core, 1 << 30) == 4e9
    assert read_rate(core, 64 << 20) == 4e9
    empty: CoreLimits = msgspec.structs.replace(core, bandwidths=())
    assert read_rate(empty, 1) is None


def test_a_call_bound_by_computing_never_sits_at_a_limit_that_a_better_kernel_beats() -> None:
    found = limit(layer(512, 512), (64,))
    assert not is_at_limit(msgspec.structs.replace(found, fractions={OUT_IN: 1.0, IN_OUT: 1.0}))


def test_a_core_type_that_was_not_measured_leaves_no_limit() -> None:
    machine = msgspec.structs.replace(two_cores(), measured=measured())
    big = layer(2048, 2048)
    assert limit_for(case_of(big), big, machine, time_s=BOTH, cpus=()) is None
    assert limit_for(case_of(big), big, machine, time_s=BOTH, cpus=(3,)) is not None


def test_threads_share_the_data_and_each_finds_its_part_in_its_own_cache() -> None:
    """1.6 MB lie in memory for one thread; a quarter of it in the L2 of each of four."""
    wide = layer(640, 640)
    alone, four = limit(wide), limit(wide, threads=4)
    assert (alone.level, four.level) == ("memory", "L2")
    assert four.bound_s < alone.bound_s / 4


def test_a_case_is_held_against_the_peak_of_what_its_activations_are_in() -> None:
    workload, known = layer(512, 512), hardware()
    case = case_of(workload, (512,))
    floats = msgspec.structs.replace(case, dtype=NumberFormat.FLOAT64)
    whole = msgspec.structs.replace(case, dtype=NumberFormat.INT8)
    assert limit_for(floats, workload, known, time_s=BOTH, cpus=()) is None
    found, expected = (limit_for(one, workload, known, time_s=BOTH, cpus=()) for one in (whole, case))
    assert found is not None
    assert expected is not None
    assert (found.limited_by, found.bound_s) == (LimitedBy.COMPUTE, expected.bound_s)
