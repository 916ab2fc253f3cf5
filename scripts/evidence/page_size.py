#!/usr/bin/env python3
"""Prints how large a page of made-up cases is and how long it takes to write: 1, 100, 1000 and 5000 cases.

Usage: .venv/bin/python -m scripts.evidence.page_size [--write FOLDER] [COUNT...]

The goals: 100 cases below 3 MB and 4 s, 5000 below 10 MB and 20 s. No number in these pages was measured on any
machine: the cases are made up.

Last printed: no print of it was kept. It was last changed for its figures on 2026-11-25.
"""

import argparse
import itertools
import random
import tempfile
import time
from pathlib import Path

import msgspec

from profiler.artifacts.records import Form
from profiler.machine.capture import capture_hardware
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, linear_workload, network_layers
from profiler.report.document import make_report
from profiler.report.html import render_html
from profiler.report.page.library import javascript
from profiler.session.arms import ARMS, Arm
from profiler.session.records import (
    SESSION_SCHEMA,
    ArmCost,
    ArmSet,
    ArmTruth,
    Block,
    Case,
    Check,
    ConditionsRecord,
    Control,
    Cost,
    End,
    EndReason,
    Executed,
    ExecutedLayout,
    Header,
    Options,
    Session,
    Weights,
    arm_times,
)
from scripts.build_board_trees import build, read_boards

COUNTS = (1, 100, 1000, 5000)
PASSES = 8
RUNTIMES = {
    "onnxruntime": ExecutedLayout.PACKED, "onnxruntime-unpacked": None, "torchscript": None, "numpy": None,
}  # fmt: skip


def main() -> None:
    """Build the pages and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("counts", nargs="*", type=int, default=COUNTS)
    parser.add_argument("--write", type=Path, help="keep the pages, and their sessions, in this folder")
    arguments = parser.parse_args()
    print(f"JavaScript: {len(javascript()):>10,} bytes of each page")
    for count in arguments.counts:
        session = make_session(count)
        raw = b"".join(msgspec.json.encode(record) + b"\n" for record in records(session))
        started = time.perf_counter(), time.process_time()
        report = make_report((session,))
        derived = time.perf_counter(), time.process_time()
        page = render_html(report, raw=(raw,)).encode()
        ended = time.perf_counter(), time.process_time()
        analysis, writing = _seconds(started, derived), _seconds(derived, ended)
        print(f"{count:>5} cases: {len(page):>10,} bytes, analysis {analysis}, page {writing}")
        if arguments.write:
            arguments.write.mkdir(parents=True, exist_ok=True)
            (arguments.write / f"page-{count}.html").write_bytes(page)
            (arguments.write / f"session-{count}.jsonl").write_bytes(raw)


def _seconds(began: tuple[float, float], ended: tuple[float, float]) -> str:
    """Passed, and worked: they differ where other programs run."""
    return f"{ended[0] - began[0]:.1f} s ({ended[1] - began[1]:.1f} s of CPU time)"


def records(session: Session) -> list[msgspec.Struct]:
    """The lines of a session file."""
    parts = (session.conditions, session.checks, session.costs, session.blocks, session.failures)
    return [session.header, *itertools.chain.from_iterable(parts), *([session.end] if session.end else [])]


def make_session(count: int) -> Session:
    """So many cases of a made-up Raspberry Pi 4: ratios that depend on runtime, batch and size."""
    generator = random.Random(count)
    cases, workloads = _cases(count)
    with tempfile.TemporaryDirectory() as folder:
        build(read_boards()["pi4-64bit"]).write(Path(folder, "tree"))
        board = capture_hardware(Path(folder, "tree"))
    options = Options(
        runtimes=tuple(dict.fromkeys(case.runtime for case in cases)), forms=(Form.CONTROLLED,), looks=(PASSES,),
        margin=0.03, confidence_level=0.95, rounds=1, slice_s=0.001, threads=(1,), cpus=(), seed=1,
    )  # fmt: skip
    header = Header(
        schema_version=SESSION_SCHEMA, tool_version="0.1.0", created_utc="2026-11-25T00:00:00Z", suite="made-up",
        manifest_sha256="0" * 64, workloads=workloads, cases=cases, options=options, hardware=board,
    )  # fmt: skip
    sizes = {workload.name: workload.weight_bytes(NumberFormat.FLOAT32) for workload in workloads}
    return Session(
        header=header,
        conditions=tuple(
            ConditionsRecord(
                pass_index=at, is_end=at == PASSES,
                conditions=msgspec.structs.replace(
                    board.conditions, at_s=60.0 * at, canary_s=4e-5 * generator.lognormvariate(0, 0.02),
                    utc="2026-11-25T00:00:00Z",
                ),
            )
            for at in range(PASSES + 1)
        ),
        checks=tuple(_check(case, sizes[case.workload]) for case in cases),
        costs=tuple(_cost(case, at, sizes[case.workload], generator) for case in cases for at in range(PASSES)),
        blocks=tuple(_block(case, at, sizes[case.workload], generator) for at in range(PASSES) for case in cases),
        end=End(reason=EndReason.COMPLETE, utc="2026-11-25T01:00:00Z", elapsed_s=3600.0),
    )  # fmt: skip


def _cases(count: int) -> tuple[tuple[Case, ...], tuple[Workload, ...]]:
    """Sides whose squares fill the count over all runtimes and two batches, and a network; few cases in a row."""
    sides = [32, 64, 128, 256, 512, 1024, 2048, 96, 192, 384, 768, 1536, 48, 80, 160, 320, 640, 1280, 40, 72, 144, 288,
             576, 1152, 2304, 4096]  # fmt: skip
    needed = next(side for side in range(1, len(sides) + 1) if side * side * len(RUNTIMES) * 2 >= count)
    batches = ((1,), (8,))
    workloads = (
        Workload(name="classifier", layers=network_layers((784, 256, 10)), batch_shapes=batches),
        *(
            linear_workload(LinearShape(in_features=inner, out_features=outer), batch_shapes=batches)
            for inner in sorted(sides[:needed])
            for outer in sorted(sides[:needed])
        ),
    )
    found = [
        Case(
            runtime=runtime, form=Form.CONTROLLED, workload=workload.name, batch_shape=batch,
            dtype=NumberFormat.FLOAT32,
            threads=1, weights=Weights.WARM, control=Control.NONE,
        )
        for workload in workloads for batch in batches for runtime in RUNTIMES
    ][:count]  # fmt: skip
    names = {case.workload for case in found}
    return tuple(found), tuple(workload for workload in workloads if workload.name in names)


def _factor(case: Case, size: int) -> float:
    """time(in_out) / time(out_in), by fiat."""
    large = size > 1 << 20
    if case.runtime == "onnxruntime":
        return 1.0
    if case.runtime == "onnxruntime-unpacked":
        return 1.4 if large and case.batch_shape == (8,) else 0.95 if case.batch_shape == (8,) else 1.0
    if case.runtime == "torchscript":
        return 0.45 if large and case.batch_shape == (8,) else 0.75
    return 1.0 if large else 0.88


def _check(case: Case, size: int) -> Check:
    executed = RUNTIMES[case.runtime]
    return Check(
        case=case.id,
        arms=tuple(
            ArmTruth(
                layout=layout, stored_layout=layout, max_error=1e-7, tolerance=1e-5, size_bytes=size + 400,
                executed=Executed(
                    layout=executed or ExecutedLayout(layout.value), operator="Gemm", known_by="made up",
                    extra_copies=1 if executed else 0,
                ),
            )
            for layout in WeightLayout
        ),
    )  # fmt: skip


def _cost(case: Case, at: int, size: int, generator: random.Random) -> Cost:
    def arm(factor: float) -> ArmCost:
        load = (4e-4 + size * 2e-9) * factor * generator.lognormvariate(0, 0.03)
        rise = round(size * (2 if RUNTIMES[case.runtime] else 1) + 2e5 * generator.random())
        return ArmCost(
            load_s=load, first_call_s=load / 3, resident_before_bytes=40 << 20,
            resident_loaded_bytes=(40 << 20) + rise, peak_bytes=(41 << 20) + rise,
        )  # fmt: skip

    slower = 1.3 if case.runtime == "torchscript" else 1.0
    return Cost(case=case.id, pass_index=at, arms={WeightLayout.OUT_IN: arm(1.0), WeightLayout.IN_OUT: arm(slower)})


def _block(case: Case, at: int, size: int, generator: random.Random) -> Block:
    seconds = 2e-6 + size * case.batch_shape[0] ** 0.7 / 3e9
    noise = generator.choice((0.002, 0.004, 0.05)) if case.runtime == "numpy" else 0.004
    slices: dict[Arm, tuple[int, ...]] = {
        arm: (round(1e10 * seconds * (_factor(case, size) if arm.layout is WeightLayout.IN_OUT else 1)
                     * generator.lognormvariate(0, noise)),)
        for arm in ARMS
    }  # fmt: skip
    arms = ArmSet(
        calls=10, arms=arm_times(slices), identity_calls=10, identity_ns=(15_000,), load_s=0.01, rounds_s=0.05
    )  # fmt: skip
    return Block(case=case.id, pass_index=at, at_s=60.0 * at, sets=(arms,))


if __name__ == "__main__":
    main()
