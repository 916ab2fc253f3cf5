#!/usr/bin/env python3
"""Prints what the light paths cost: the time of `--help`, and the memory and imports of `run` with an ONNX bundle.

Usage: .venv/bin/python scripts/footprint.py

The bundle holds squares from 64 to 1024, batch 1 and 8. Peaks are read from /proc while it is measured: VmHWM of the
supervisor and of every worker, and the largest sum of their proportional set sizes, which counts shared pages once.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-m", "profiler"]
SIDES = (64, 128, 256, 512, 1024)
SUITE = 'name = "footprint"\n' + "".join(f"[[linear]]\nin_features = {side}\nout_features = {side}\n" for side in SIDES)


def main() -> None:
    """Print the figures."""
    times = [_seconds([*COMMAND, "--help"]) for _ in range(11)]
    print(f"--help: median {statistics.median(times):.3f} s of {len(times)}, slowest {max(times):.3f} s")
    with tempfile.TemporaryDirectory() as folder:
        suite, bundle, session = f"{folder}/suite.toml", f"{folder}/bundle", f"{folder}/session.jsonl"
        Path(suite).write_text(SUITE)
        export = [*COMMAND, "export", suite, "--format", "onnx", "--form", "controlled", "-q", "-o", bundle]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        run = [*COMMAND, "run", bundle, "-q", "-o", session, "--passes", "3"]
        peaks, mapped = _watch([*run, "--runtime", "onnxruntime", "--runtime", "onnxruntime-unpacked"])
    print(f"run of an ONNX bundle, squares from {SIDES[0]} to {SIDES[-1]}, both ONNX Runtimes:")
    for name, peak in peaks.items():
        print(f"  {name}: {peak / 1e6:.1f} MB")
    print(f"  torch mapped into any of these processes: {'YES' if any('torch' in path for path in mapped) else 'no'}")


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def _watch(command: list[str]) -> tuple[dict[str, int], set[str]]:
    """The peak memory of supervisor and workers in bytes, and every file mapped by any of them."""
    peaks = {"peak resident, supervisor": 0, "peak resident, largest worker": 0, "peak of both, shared pages once": 0}
    mapped: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        supervisor = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                workers = supervisor.children()
                now = [
                    _kibibytes(f"/proc/{process.pid}/status", "VmHWM:"),
                    max((_kibibytes(f"/proc/{worker.pid}/status", "VmHWM:") for worker in workers), default=0),
                    sum(_kibibytes(f"/proc/{member.pid}/smaps_rollup", "Pss:") for member in (supervisor, *workers)),
                ]
                peaks = {name: max(peak, 1024 * kib) for (name, peak), kib in zip(peaks.items(), now, strict=True)}
                mapped |= {region.path for member in (supervisor, *workers) for region in member.memory_maps()}
            except (psutil.Error, OSError):
                pass  # it ended between two looks
            time.sleep(0.02)
    return peaks, mapped


def _kibibytes(path: str, key: str) -> int:
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main()
