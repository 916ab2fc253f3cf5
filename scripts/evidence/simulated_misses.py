#!/usr/bin/env python3
"""Prints how many cache misses each layout causes with a Pi 3's, 4's and 5's caches, as a Markdown table.

Usage: .venv/bin/python scripts/evidence/simulated_misses.py [--quick] [--board BOARD]... [--bundle BUNDLE]

Every layout, runtime, batch and board runs twice under valgrind, in processes of its own, as many at a time as there
are CPUs: the counts are simulated, and do not mind. The last column is by how much the two differ, the larger of both
levels; the goal is 2 %. Where a call misses fewer than 100 times, the difference is given in misses.
Kernels of this machine's architecture on a board's caches: no time can be told from it.

Needs valgrind and a C compiler; runtimes that are not installed are left out.

Last printed 2026-11-27, all boards on one machine, whose CPU nobody noted, in the README under "Why, in cache misses".
"""

import argparse
import concurrent.futures
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from profiler.artifacts.bundle import AnyBundle, Bundle, find_bundle, in_folder
from profiler.measure.counting.boards import choose_board
from profiler.measure.counting.evidence import Counted
from profiler.measure.counting.gather import count_case
from profiler.measure.counting.geometry import board_geometry
from profiler.measure.counting.select import Choice, choose_cases
from profiler.measure.counting.simulation import Simulation, simulation
from profiler.measure.plan import PlannedCase, needed_entries
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.workload import format_batch, linear_workload
from profiler.runtimes import runtime_info

BOARDS = ("rpi-3", "rpi-4", "rpi-5")
SIZES = (64, 512, 1024)
BATCHES = ((1,), (32,))
RUNTIMES = (
    "reference-dot", "reference-row", "reference-blocked", "onnxruntime", "onnxruntime-unpacked", "torchscript",
    "numpy",
)  # fmt: skip
REPEATS = 2
FEW = 100  # misses: a handful more is no percentage
HEAD = ("board", "layer", "batch", "runtime", "layout", "D1 misses", "LL misses", "D1 / lines", "repeats differ")


def main() -> None:
    """Count everything and print the table."""
    chosen = read_arguments()
    started = time.monotonic()
    print(f"| {' | '.join(HEAD)} |")
    print(f"|{'---|' * 5}{'--:|' * 4}")
    pairs: list[tuple[Counted, Counted]] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        opened = find_bundle(chosen.bundle or export(folder / "bundle", is_quick=chosen.quick))
        cases = choose(opened, is_quick=chosen.quick)
        bundle = stack.enter_context(in_folder(opened, needed_entries(cases)))
        for board in chosen.board or (BOARDS[:1] if chosen.quick else BOARDS):
            for pair in count_board(bundle, board, cases):
                pairs.append(pair)
                print(f"| {' | '.join(row(board, *pair))} |", flush=True)
    print()
    print(closing(pairs, seconds=time.monotonic() - started))


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a Pi 3's caches, 1024x1024, batch 1 alone")
    parser.add_argument("--board", action="append", choices=BOARDS, help="one of them alone; can be given again")
    parser.add_argument("--bundle", type=Path, help="one with these squares; else the extra `torch` exports it")
    return parser.parse_args()


def export(folder: Path, *, is_quick: bool) -> Path:
    """The squares as a bundle."""
    from profiler.artifacts.build import export_bundle

    sizes = SIZES[-1:] if is_quick else SIZES
    shapes = [LinearShape(in_features=size, out_features=size) for size in sizes]
    export_bundle([linear_workload(shape, batch_shapes=BATCHES) for shape in shapes], folder, suite="squares")
    return folder


def choose(bundle: AnyBundle, *, is_quick: bool) -> list[PlannedCase]:
    """The cases, in the order of the table."""
    runtimes = tuple(name for name in RUNTIMES if runtime_info(name).is_installed)
    sizes = SIZES[-1:] if is_quick else SIZES
    choice = Choice(
        runtimes=runtimes,
        workloads=tuple(f"linear-{size}x{size}" for size in sizes),
        batches=BATCHES[:1] if is_quick else BATCHES,
    )
    cases = choose_cases(bundle, [], choice)
    cases.sort(key=lambda case: (case.workload.weight_count, case.case.batch_shape, runtimes.index(case.case.runtime)))
    return cases


def count_board(bundle: Bundle, board: str, cases: Sequence[PlannedCase]) -> Iterator[tuple[Counted, Counted]]:
    """Both layouts of each case twice with that board's caches, some at a time and one after another as they end."""
    geometry = board_geometry(*choose_board(board))
    with (
        simulation(geometry) as simulated,
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        counted = pool.map(
            lambda case: count(bundle, case, simulated), [case for case in cases for _ in range(REPEATS)]
        )
        for first in counted:
            yield from zip(first, next(counted), strict=True)


def count(bundle: Bundle, case: PlannedCase, simulated: Simulation) -> list[Counted]:
    """Both layouts of a case."""
    return count_case(
        bundle,
        case,
        simulated,
        line_bytes=simulated.geometry.data.line_bytes,
        calls=None,
        on_arm=lambda text: print(f"{simulated.geometry.of}: {text}", file=sys.stderr, flush=True),
    )


def row(board: str, first: Counted, again: Counted) -> list[str]:
    """A line of the table."""
    layout = "[out,in]" if first.layout is WeightLayout.OUT_IN else "[in,out]"
    name = [board, first.workload.removeprefix("linear-"), format_batch(first.batch_shape), first.runtime, layout]
    if first.d1_read_misses is None or again.d1_read_misses is None:
        return [*name, "-", "-", "-", first.problem or again.problem or "not counted"]
    levels = (first.d1_read_misses, first.ll_read_misses or 0.0)
    return [*name, *(f"{level:,.0f}" for level in levels), f"{first.misses_per_line:.2f}", difference(first, again)]


def difference(first: Counted, again: Counted) -> str:
    """By how much two repeats differ."""
    shares = relative(first, again)
    absolute = max(abs(one - other) for one, other in levels_of(first, again))
    return f"{100 * max(shares):.2f} %" if shares else f"{absolute:.1f} misses"


def relative(first: Counted, again: Counted) -> list[float]:
    """The relative difference of each level that misses often."""
    return [abs(one - other) / max(one, other) for one, other in levels_of(first, again) if max(one, other) >= FEW]


def levels_of(first: Counted, again: Counted) -> list[tuple[float, float]]:
    """Misses of both repeats, first level and last."""
    return [
        (first.d1_read_misses or 0.0, again.d1_read_misses or 0.0),
        (first.ll_read_misses or 0.0, again.ll_read_misses or 0.0),
    ]


def closing(pairs: Sequence[tuple[Counted, Counted]], *, seconds: float) -> str:
    """How well repeats agree."""
    shares = [share for pair in pairs for share in relative(*pair)]
    failed = sum(arm.problem is not None for pair in pairs for arm in pair)
    text = f"{len(pairs)} arms twice in {seconds:.0f} s, {failed} of {REPEATS * len(pairs)} not counted"
    if not shares:
        return text
    return (
        f"{text}; repeats differ by {100 * statistics.median(shares):.3f} % (median), {100 * max(shares):.2f} % at most"
    )


if __name__ == "__main__":
    main()
