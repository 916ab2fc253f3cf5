#!/usr/bin/env python3
"""Prints what a light run costs: the time of `--help`, and the memory, imports and writes of `run` with an ONNX layer.

Usage: .venv/bin/python scripts/evidence/footprint.py [PYTHON]

The layer has 1024x1024 weights, batch 1 and 8; both ONNX Runtimes measure it. PYTHON is an interpreter with the base
install alone, say of a virtual environment made for this; without it the run has this one's. Memory is read from /proc
every 5 ms: all of it, and what is anonymous, as `free` counts what is used; the rest are pages of files, libraries
above all, that the kernel may drop. As root on Linux the whole run is put once more into a control group limited to
100 MB; it is charged with all it uses, except for pages of files that were in memory before. Files are what strace
sees to be opened for writing, in a third run.

Last printed 2026-11-27 on a busy 2-core virtual machine (Intel Xeon), in the README under "How it is proved".
"""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

PYTHON = sys.argv[1] if len(sys.argv) > 1 else sys.executable
PROFILER = [PYTHON, "-m", "profiler"]
SUITE = 'name = "footprint"\n[[linear]]\nin_features = 1024\nout_features = 1024\n'
RUNTIMES = ("--runtime", "onnxruntime", "--runtime", "onnxruntime-unpacked")
LIMIT_BYTES = 100_000_000
HEAVY = ("torch", "pandas", "matplotlib", "numba", "onnx/", "altair", "rich/")
KINDS = ("Private_Clean", "Private_Dirty", "Shared_Clean", "Shared_Dirty", "Anonymous")
GROUPS = (  # versions 1 and 2: where groups are made, the limit, the peak, and how often something ran against it
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt"),
    ("/sys/fs/cgroup", "memory.max", "memory.peak", "memory.events"),
)


def main() -> None:
    """Print the figures."""
    times = [_seconds([*PROFILER, "--help"]) for _ in range(11)]
    print(f"--help: median {statistics.median(times):.3f} s of {len(times)}, slowest {max(times):.3f} s")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        bundle, session = f"{folder}/bundle", Path(f"{folder}/session.jsonl")
        (Path(folder) / "suite.toml").write_text(SUITE)
        export = [sys.executable, "-m", "profiler", "export", f"{folder}/suite.toml", "--format", "onnx"]
        subprocess.run([*export, "--form", "controlled", "-q", "-o", bundle], check=True, stdout=subprocess.DEVNULL)
        run = [*PROFILER, "run", bundle, "-q", "--force", "-o", str(session), *RUNTIMES]
        subprocess.run([*run, "--passes", "1"], check=True, stdout=subprocess.DEVNULL)  # what is kept until a reboot
        run += ["--passes", "8"]
        print("run of an ONNX layer, 1024x1024, batch 1 and 8, both ONNX Runtimes, 8 passes:")
        print_memory(run)
        print(f"  the session: {session.stat().st_size / 1e3:.0f} kB, {_lines(session)} lines, each synced")
        print_group(run)
        print_writes(run, folder)


def print_memory(command: list[str]) -> None:
    """Supervisor, worker and both together at their peaks; what is mapped; what was written."""
    peaks = {"supervisor": 0, "largest worker": 0, "both": 0, "both, of it anonymous": 0}
    mapped: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        supervisor = psutil.Process(process.pid)
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            with contextlib.suppress(psutil.Error, OSError):  # it ended between two looks
                members = (supervisor, *supervisor.children(recursive=True))
                looks = [_memory(member.pid) for member in members]
                own = [look["Private_Clean"] + look["Private_Dirty"] for look in looks]
                shared = [look["Shared_Clean"] + look["Shared_Dirty"] for look in looks]
                now = {
                    "supervisor": own[0] + shared[0],
                    "largest worker": max(map(sum, zip(own[1:], shared[1:], strict=True)), default=0),
                    "both": sum(own) + max(shared),
                    "both, of it anonymous": sum(look["Anonymous"] for look in looks),
                }
                peaks = {name: max(peak, now[name]) for name, peak in peaks.items()}
                if len(mapped) < len(looks) * 1000:
                    mapped |= {region.path for member in members for region in member.memory_maps()}
            time.sleep(0.005)
        written = _field(Path(f"/proc/{process.pid}/io").read_text(), "write_bytes")
    for name, peak in peaks.items():
        note = " (private of each, shared pages once)" if name == "both" else ""
        print(f"  peak memory, {name}{note}: {peak / 1e6:.1f} MB")
    found = [name.rstrip("/") for name in HEAVY if any(f"/{name}" in path for path in mapped)]
    print(f"  mapped into any of them of {', '.join(name.rstrip('/') for name in HEAVY)}: {', '.join(found) or 'none'}")
    print(f"  written to disk, all processes: {written / 1e3:.0f} kB")


def print_group(command: list[str]) -> None:
    """The peak that the kernel charges to a control group with the whole run in it."""
    with _group() as paths:
        if paths is None:
            print("  in a control group: none can be made here")
            return
        procs, peak, strikes = paths
        enter = ["sh", "-c", f'echo $$ > {procs}; exec "$@"', "sh", *command]
        status = subprocess.run(enter, check=False, stdout=subprocess.DEVNULL).returncode
        bumps = _field(strikes.read_text(), "max") if "max" in strikes.read_text() else int(strikes.read_text())
        print(
            f"  in a control group of {LIMIT_BYTES / 1e6:.0f} MB: exit status {status}, peak "
            f"{int(peak.read_text()) / 1e6:.1f} MB, limit reached {bumps} times"
        )


@contextlib.contextmanager
def _group() -> Iterator[tuple[Path, Path, Path] | None]:
    for top, limit, peak, strikes in GROUPS:
        folder = Path(top) / f"footprint-{os.getpid()}"
        try:
            if not (Path(top) / "cgroup.procs").exists():
                continue
            folder.mkdir()
            (folder / limit).write_text(str(LIMIT_BYTES))
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        try:
            yield folder / "cgroup.procs", folder / peak, folder / strikes
        finally:
            folder.rmdir()
        return
    yield None


def print_writes(command: list[str], folder: str) -> None:
    """Every file that any process of the run opens for writing, makes or renames."""
    strace = shutil.which("strace")
    if strace is None:
        print("  files opened for writing: strace is not installed")
        return
    log = Path(folder) / "strace.log"
    calls = "trace=openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,linkat,link,fsync,fdatasync"
    subprocess.run(
        [strace, "-f", "-qq", "-e", calls, "-e", "status=successful", "-o", log, *command],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    lines = log.read_text(errors="replace").splitlines()
    writing = [line for line in lines if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|mkdir|rename|link", line)]
    names = {name.replace(folder, "FOLDER") for line in writing for name in re.findall(r'"([^"]+)"', line)}
    shown = sorted({re.sub(r"(shm/tmp|session\.jsonl\.)\w{8}", r"\1*", name) for name in names})
    print(f"  opened for writing: {', '.join(shown)} (in /dev/shm is memory)")
    print(f"  syncs: {sum('sync(' in line for line in lines)}")


def _memory(pid: int) -> dict[str, int]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {kind: 1024 * _field(text, kind) for kind in KINDS}


def _field(text: str, name: str) -> int:
    match = re.search(rf"^{name}:?\s+(\d+)", text, re.MULTILINE)
    return int(match[1]) if match else 0


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
