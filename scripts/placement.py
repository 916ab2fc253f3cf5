#!/usr/bin/env python3
"""Shows what the pilot's design is worth: the same cases with one set of arms a block, and with what the pilot chose.

Usage: .venv/bin/python scripts/placement.py [RUNS] [SUITE]

Both ways are run alternately, 16 passes each, without early ends. Per runtime: the variances of the effect at each
level, the design chosen, and how the squared half-width of the interval for one second spent compares, median over
the cases (a ratio above 1 is in favour of the pilot). Passes up to the pilot's last are left out on both sides.
"""

import collections
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from profiler.judge.comparison import series_of
from profiler.judge.disturbance import counted_blocks
from profiler.judge.placement import PILOT_PASSES, block_seconds, pool_components
from profiler.session.file import load_session
from profiler.session.records import Block, Session

COMMAND = [sys.executable, "-m", "profiler"]
PASSES = 16
WAYS = ("1", "auto")


def main() -> None:
    """Print the figures."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    suite = sys.argv[2] if len(sys.argv) > 2 else "quick"  # noqa: PLR2004
    sessions: dict[str, list[Session]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        export = [*COMMAND, "export", suite, "-q", "--form", "controlled", "-o", f"{folder}/bundle"]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        for run in range(runs):
            for way in WAYS:
                path = Path(folder) / f"{run}-{way}.jsonl"
                command = [*COMMAND, "run", f"{folder}/bundle", "-q", "--sets", way, "--looks", str(PASSES)]
                subprocess.run([*command, "-o", str(path)], check=True, stdout=subprocess.DEVNULL)
                sessions[way].append(load_session(path))
                print(f"run {run + 1}, sets {way}: {sessions[way][-1].end}", file=sys.stderr, flush=True)
    print(f"{runs} runs of {suite} each way, {PASSES} passes")
    for runtime in sessions["auto"][0].header.options.runtimes:
        _print(runtime, sessions)


def _print(runtime: str, sessions: dict[str, list[Session]]) -> None:
    ratios = []
    for one, auto in zip(sessions["1"], sessions["auto"], strict=True):
        fixed, chosen = _spent_variances(one, runtime), _spent_variances(auto, runtime)
        ratios += [fixed[case] / chosen[case] for case in fixed if case in chosen]
    designs: collections.Counter[str] = collections.Counter()
    for session in sessions["auto"]:
        for found in _late_blocks(session, runtime).values():
            for block in found:
                designs[f"{len(block.sets)} x {block.sets[0].rounds}"] += 1
    common = ", ".join(f"{name} ({count})" for name, count in designs.most_common(3))
    print(f"{runtime}:")
    for session in sessions["auto"]:
        pilots = {case: found for case, found in _blocks(session, runtime).items() if found}
        starts = [start for start in session.starts if start.runtime == runtime]
        seen = pool_components(pilots, starts)
        if seen is not None:
            levels = (seen.pass_variance, seen.set_variance, seen.round_variance)
            text = ", ".join(f"{name} {math.sqrt(level):.2%}" for name, level in zip(_LEVELS, levels, strict=True))
            costs = f"pass {1e3 * seen.pass_s:.1f} ms, set {1e3 * seen.set_s:.1f} ms, round {1e3 * seen.round_s:.1f} ms"
            print(f"  spread: {text}; cost: {costs}")
    print(f"  sets x rounds chosen: {common}")
    quartiles = statistics.quantiles(ratios, n=4)
    print(f"  squared half-width per second, one set / pilot: median {quartiles[1]:.2f}, quartiles "
          f"{quartiles[0]:.2f} to {quartiles[2]:.2f}, {len(ratios)} cases")  # fmt: skip


_LEVELS = ("pass", "set", "round")


def _blocks(session: Session, runtime: str) -> dict[str, list[Block]]:
    cases = [case.id for case in session.header.cases if case.runtime == runtime]
    return dict(counted_blocks([block for block in session.blocks if block.case in cases], cases))


def _late_blocks(session: Session, runtime: str) -> dict[str, list[Block]]:
    """Those after the pilot."""
    return {
        case: [block for block in found if block.pass_index > max(PILOT_PASSES)]
        for case, found in _blocks(session, runtime).items()
    }


def _spent_variances(session: Session, runtime: str) -> dict[str, float]:
    """For each case the variance of its effect over passes, times the seconds that a pass of it takes."""
    late = _late_blocks(session, runtime)
    start_s = statistics.median(start.start_s for start in session.starts if start.runtime == runtime) / len(late)
    return {
        case: statistics.variance(series_of(found).effects) * (start_s + _mean_seconds(found))
        for case, found in late.items()
        if len(found) > 2  # noqa: PLR2004 - too few for a variance
    }


def _mean_seconds(blocks: Sequence[Block]) -> float:
    return statistics.fmean(map(block_seconds, blocks))


if __name__ == "__main__":
    main()
