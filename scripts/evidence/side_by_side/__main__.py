"""Puts this project beside other ways to compare two timings: the same pairs, the same wall-clock time, one table.

Usage: .venv/bin/python -m scripts.evidence.side_by_side [--budget SECONDS] [--repeats N] [--runtime NAME] [--quick]
           [--seed N] [--raw FILE]
       .venv/bin/python -m scripts.evidence.side_by_side --summarize FILE

Run it in the repository's root. The others are installed for it alone; it prints the line if they are missing.

A pair is one stored weight in one runtime, loaded twice: its true ratio is 1. Or the second arm makes 3, 5 or 10 calls
more per hundred: its true ratio is 1.03, 1.05 or 1.1. So whatever a method says is right or wrong. Every method gets
every pair, in random order, in processes of its own with one thread, and the same time for it from the start of its
first process to its answer. A method that starts a process per sample cannot be driven in little time, least of all
where each imports torch; the table then says so.

Last printed 2026-11-22 on a 2-core virtual machine (AMD EPYC), in the README under "How it is proved".
"""

import argparse
import datetime
import importlib.metadata
import importlib.util
import platform
import secrets
import sys
import tempfile
from pathlib import Path

import profiler
from scripts.evidence.side_by_side.methods import METHODS
from scripts.evidence.side_by_side.pairs import IDENTICAL_TIMES, PERCENTS, RUNTIMES, Pair, all_pairs
from scripts.evidence.side_by_side.results import Header, Line, Result, append_line, read_lines
from scripts.evidence.side_by_side.run import Run
from scripts.evidence.side_by_side.table import format_summary

PEERS = {"pyperf": "pyperf", "pytest-benchmark": "pytest_benchmark", "benchmatrix": "benchmatrix", "torch": "torch"}
QUICK_PAIRS = [Pair("numpy", 256, 8)]


def main() -> int:
    """Measure or summarise, and print the table."""
    arguments = _parse()
    if arguments.summarize:
        print(format_summary(read_lines(arguments.summarize)))
        return 0
    missing = [name for name, module in PEERS.items() if importlib.util.find_spec(module) is None]
    if missing:
        line = f"{sys.executable} -m pip install {' '.join(PEERS)} -c constraints.txt"
        print(f"not installed: {', '.join(missing)}; install them with: {line}", file=sys.stderr)
        return 2
    print(format_summary(_measure(arguments)))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="side_by_side", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--budget", type=float, default=10.0, metavar="SECONDS", help="per pair and method (10)")
    parser.add_argument("--repeats", type=int, default=1, metavar="N", help="how often every pair is measured (1)")
    parser.add_argument("--runtime", action="append", choices=RUNTIMES, help="only these")
    parser.add_argument("--quick", action="store_true", help=f"only one pair: {QUICK_PAIRS[0]}")
    parser.add_argument("--seed", type=int, default=secrets.randbits(31), metavar="N", help="of the random order")
    parser.add_argument("--raw", type=Path, metavar="FILE", help="append every answer to this file")
    parser.add_argument("--summarize", type=Path, metavar="FILE", help="only print the table of such a file")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> list[Line]:
    """All lines of a run, or those up to Ctrl-C."""
    pairs = QUICK_PAIRS if arguments.quick else all_pairs(tuple(arguments.runtime or RUNTIMES))
    lines: list[Line] = []
    total = len(pairs) * (len(PERCENTS) + IDENTICAL_TIMES - 1) * len(METHODS) * arguments.repeats
    print(f"{total} measurements, about {total * arguments.budget / 60:.0f} minutes", file=sys.stderr)

    def keep(line: Line) -> None:
        lines.append(line)
        if arguments.raw:
            append_line(arguments.raw, line)

    keep(_header(arguments, pairs))
    try:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(tuple(pairs), arguments.budget, arguments.repeats, arguments.seed, Path(folder))
            for index, result in enumerate(run.results(), start=1):
                keep(result)
                print(f"{index} of {total}: {_format_progress(result)}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted; the table shows what there is", file=sys.stderr)
    return lines


def _format_progress(result: Result) -> str:
    differs = ", ".join("different" if answer.is_different else "not" for answer in result.answers)
    truth = f"{result.percent} % slower" if result.percent else "identical"
    what = f"{result.pair}, {truth}, {result.method}"
    return f"{what}: {differs or result.not_driven} ({result.seconds:.1f} s)"


def _header(arguments: argparse.Namespace, pairs: list[Pair]) -> Header:
    versions = {name: importlib.metadata.version(name) for name in ("numpy", *PEERS)}
    return Header(
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        machine=_processor(),
        versions={"layout-profiler": profiler.__version__, "Python": platform.python_version()} | versions,
        budget_s=arguments.budget,
        repeats=arguments.repeats,
        pairs=len(pairs),
        seed=arguments.seed,
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
