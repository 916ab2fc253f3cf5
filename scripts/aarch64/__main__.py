"""Runs this project on emulated Raspberry Pis: real 64-bit Arm wheels on a Pi 3, 4 and 5, as qemu-user shows them.

Usage: scripts/test_aarch64 [--torch] [--cache DIR]

On each board: the hardware report against the board's recorded files, a run of a bundle that this machine exports
(answers, executed layouts, files), and its report, which must be the same text there and here. With --torch also
TorchScript with the torch that is pinned for Arm, and with one that dies on a Pi 3 and 4, which a report must explain.
Times are never looked at: an emulator's say nothing of a board.

Needs no root rights and nothing from the kernel: apt-get install qemu-user-static proot. An Arm Debian and the wheels
are fetched into a cache once (40 s, 240 MB; torch 1.3 GB more).

Exit status: 0 all is well, 1 something is not, 77 it cannot run here and says why.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.aarch64 import wheels
from scripts.aarch64.boards import BOARDS, Board
from scripts.aarch64.checks import (
    check_emulator_is_seen,
    check_hardware,
    check_newer_torch,
    check_report,
    check_run,
    check_torch,
)
from scripts.aarch64.guest import PROGRAMS, Guest
from scripts.aarch64.layers import Layers
from scripts.aarch64.programs import UnavailableError, require
from scripts.aarch64.workload import CheckError, export_bundle

SKIPPED = 77  # as automake and others know it
NEWER_TORCH = "2.10.0"
Check = Callable[[], str]


@dataclasses.dataclass(frozen=True)
class Parts:
    """What the lane is made of: a guest without torch, and one for each torch."""

    base: Guest
    torch: Guest | None
    newer_torch: Guest | None


def main() -> int:
    """Make what is missing, run all checks and print a line for each."""
    arguments = _parse()
    began = time.monotonic()
    try:
        require(PROGRAMS)
        layers = Layers.in_folder(arguments.cache)
        with tempfile.TemporaryDirectory(prefix="run-", dir=layers.cache) as name:
            folder = Path(name)
            parts = _make(layers, folder, torch=arguments.torch)
            bundle = export_bundle(folder)
            print(f"made or found an Arm system and a bundle in {time.monotonic() - began:.0f} s", flush=True)
            results = _check_all(parts, bundle, folder)
    except UnavailableError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return SKIPPED
    failed = results.count(False)
    print(f"{len(results) - failed} of {len(results)} checks passed; all of it took {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/test_aarch64", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch", action="store_true", help="also TorchScript, with two versions of torch")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="where the parts lie (~/.cache/layout-profiler-aarch64)"
    )
    return parser.parse_args()


def _make(layers: Layers, folder: Path, *, torch: bool) -> Parts:
    project = folder / "project"
    wheels.install_project(project)
    system, base = layers.system(), (project, layers.base())
    return Parts(
        base=Guest(system, layers.cache, base),
        torch=Guest(system, layers.cache, (*base, layers.torch())) if torch else None,
        newer_torch=Guest(system, layers.cache, (*base, layers.torch(NEWER_TORCH))) if torch else None,
    )


def _check_all(parts: Parts, bundle: Path, folder: Path) -> list[bool]:
    """Two boards at a time, since Python under an emulator keeps a core busy each."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_check_board, board, parts, bundle, folder) for board in BOARDS]
        if platform.machine() != "aarch64":  # there is nothing foreign to be seen on an Arm machine
            jobs.append(pool.submit(_check_each, "none", [("emulator", lambda: check_emulator_is_seen(parts.base))]))
        return [passed for job in jobs for passed in job.result()]


def _check_board(board: Board, parts: Parts, bundle: Path, folder: Path) -> list[bool]:
    output = folder / board.tree.name
    checks: list[tuple[str, Check]] = [
        ("hardware", lambda: check_hardware(parts.base, board)),
        ("run", lambda: check_run(parts.base, board, bundle=bundle, output=output)),
        ("report", lambda: check_report(parts.base, board, output=output)),
    ]
    if parts.torch is not None and parts.newer_torch is not None:
        pinned, newer = parts.torch, parts.newer_torch
        checks += [
            ("torch pinned", lambda: check_torch(pinned, board, bundle=bundle, output=output)),
            (f"torch {NEWER_TORCH}", lambda: check_newer_torch(newer, board, bundle=bundle, output=output)),
        ]
    return _check_each(f"{board.name}, {board.cpu}", checks)


def _check_each(subject: str, checks: list[tuple[str, Check]]) -> list[bool]:
    results = []
    for name, check in checks:
        began = time.monotonic()
        try:
            said, passed = check(), True
        except CheckError as error:
            said, passed = " ".join(str(error).split()), False
        mark = "ok" if passed else "FAILED"
        print(f"{subject:<17} {name:<12} {mark:<6} {time.monotonic() - began:4.0f} s  {said}", flush=True)
        results.append(passed)
    return results


if __name__ == "__main__":
    sys.exit(main())
