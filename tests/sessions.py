"""Sessions made up for tests of logic: no runtime was run."""

import random
from pathlib import Path

import msgspec

from profiler.artifacts.records import Form
from profiler.machine.capture import capture_hardware
from profiler.machine.limits.records import BandwidthPoint, CoreLimits, Knee, MachineLimits, PeakRate
from profiler.machine.records import HardwareInfo
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import linear_workload
from profiler.session.arms import ARMS
from profiler.session.records import (
    SESSION_SCHEMA,
    ArmSet,
    Block,
    Case,
    Control,
    Disturbance,
    End,
    EndReason,
    Header,
    Options,
    Session,
    Weights,
    arm_times,
)
from tests.machine.trees import boards

PASSES = 10
WORKLOAD = linear_workload(LinearShape(in_features=64, out_features=64), batch_shapes=((1,), (8,)))


def measured() -> MachineLimits:
    """What a Raspberry Pi 4 might be seen to do: made up, with round numbers."""
    rates = {4 << 10: 16e9, 16 << 10: 16e9, 64 << 10: 10e9, 512 << 10: 8e9, 1 << 20: 6e9, 4 << 20: 4e9, 64 << 20: 4e9}
    return MachineLimits(
        utc="2026-11-21T00:00:00Z",
        tool_version="0.1.0",
        duration_s=5.0,
        cores=(
            CoreLimits(
                core="Cortex-A72",
                cpu=3,
                method="read bandwidth",
                latencies=(),
                bandwidths=tuple(
                    BandwidthPoint(buffer_bytes=size, read_bytes_per_s=rate, copy_bytes_per_s=rate)
                    for size, rate in rates.items()
                ),
                knees=(Knee(low_bytes=1 << 20, high_bytes=4 << 20, ratio=1.5),),
                peaks=(PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=20e9, kernel="made up"),),
            ),
        ),
    )


def hardware() -> HardwareInfo:
    """A Raspberry Pi 4, the same every time."""
    empty = capture_hardware(boards() / "pi4-64bit", measured())
    return msgspec.structs.replace(
        empty, conditions=msgspec.structs.replace(empty.conditions, at_s=0.0, utc="2026-11-21T00:00:00Z")
    )


def make_case(batch: int = 1, runtime: str = "numpy", control: Control = Control.NONE) -> Case:
    return Case(
        runtime=runtime,
        form=Form.CONTROLLED,
        workload=WORKLOAD.name,
        batch_shape=(batch,),
        dtype=NumberFormat.FLOAT32,
        threads=1,
        weights=Weights.WARM,
        control=control,
    )


def make_header(cases: tuple[Case, ...], looks: tuple[int, ...] = (PASSES,)) -> Header:
    return Header(
        schema_version=SESSION_SCHEMA,
        tool_version="0.1.0",
        created_utc="2026-11-21T00:00:00Z",
        suite="made-up",
        manifest_sha256="0" * 64,
        workloads=(WORKLOAD,),
        cases=cases,
        options=Options(
            runtimes=tuple(dict.fromkeys(case.runtime for case in cases)),
            forms=(Form.CONTROLLED,),
            looks=looks,
            margin=0.03,
            confidence_level=0.95,
            rounds=11,
            slice_s=0.001,
            threads=(1,),
            cpus=(),
            seed=1,
            controls=tuple(dict.fromkeys(case.control for case in cases)),
        ),
        hardware=hardware(),
    )


def make_block(
    case: Case,
    pass_index: int,
    *,
    factor: float,
    generator: random.Random,
    placement_sd: float = 0.002,
    slice_sd: float = 0.002,
    disturbed_by: tuple[Disturbance, ...] = (),
) -> Block:
    """in_out takes `factor` times as long as out_in; noise per loaded copy and per slice."""
    slices = {}
    for arm in ARMS:
        centre = 1e6 * (factor if arm.layout is WeightLayout.IN_OUT else 1) * generator.lognormvariate(0, placement_sd)
        slices[arm] = tuple(max(1, round(centre * generator.lognormvariate(0, slice_sd))) for _ in range(11))
    arm_set = ArmSet(
        calls=10,
        arms=arm_times(slices),
        identity_calls=100,
        identity_ns=tuple(max(1, round(1e4 * generator.lognormvariate(0, slice_sd))) for _ in range(11)),
        load_s=0.01,
        rounds_s=0.05,
    )
    return Block(
        case=case.id, pass_index=pass_index, at_s=float(pass_index), sets=(arm_set,), disturbed_by=disturbed_by
    )


def make_session(factors: dict[Case, float], *, passes: int = PASSES, seed: int = 1, noise: float = 0.002) -> Session:
    """A finished session whose cases have known ratios."""
    generator = random.Random(seed)
    return Session(
        header=make_header(tuple(factors), (passes,)),
        blocks=tuple(
            make_block(case, index, factor=factor, generator=generator, placement_sd=noise)
            for index in range(passes)
            for case, factor in factors.items()
        ),
        end=End(reason=EndReason.COMPLETE, utc="2026-11-21T00:01:00Z", elapsed_s=60.0),
    )


def write_session(path: Path, session: Session) -> Path:
    """The session as a file, as a run would leave it. Returns the path."""
    records = [session.header, *session.conditions, *session.blocks, *([session.end] if session.end else [])]
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    return path
