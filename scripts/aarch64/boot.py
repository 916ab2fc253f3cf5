"""Boots a whole Raspberry Pi 3, as qemu-system emulates it, and runs this project on it with the real Arm wheels.

Usage: scripts/boot_raspi3b [--cache DIR] [--show]

The board has Debian's kernel, its own device tree, 914 MiB of memory, four Cortex-A53 and a clock that begins in 1970.
Its root lies in memory: the same Debian and wheels as in scripts/test_aarch64. There `hardware`, a small `run` and
`report` are run; what they print and the session come back over the serial console and are checked here. Times say
nothing of a board.

Needs no root rights: apt-get install qemu-system-arm. Kernel, Debian and wheels are fetched into a cache once (600 MB).

Exit status: 0 all is well, 1 something is not, 77 it cannot run here and says why.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from profiler.base.errors import SessionError
from profiler.machine.capture import capture_hardware
from profiler.machine.records import HardwareInfo
from profiler.session.file import load_session
from profiler.session.records import Session
from scripts.aarch64 import wheels
from scripts.aarch64.boards import BOARDS
from scripts.aarch64.checks import QUICK
from scripts.aarch64.console import Told, parse_console
from scripts.aarch64.initramfs import Initramfs
from scripts.aarch64.layers import Layers
from scripts.aarch64.programs import UnavailableError, require
from scripts.aarch64.workload import BASE, CheckError, check_session, export_bundle

QEMU = "qemu-system-aarch64"
MACHINE = "raspi3b"
TREE = "bcm2837-rpi-3-b.dtb"
MODULES = ("bcm2835_wdt.ko", "bcm2835_thermal.ko")  # the first switches the board off
SKIPPED = 77
# What the kernel does not know becomes a variable of init: Python starts before there is a source of random numbers
KERNEL_LINE = "console=ttyAMA0,115200 loglevel=1 panic=-1 PYTHONHASHSEED=0"
LIMIT_S = 900.0
PROFILER = ("/usr/bin/python3", "-m", "profiler")
SESSION = "/session.jsonl"
MEMORY_BYTES = (900 << 20, 960 << 20)  # of 1 GiB the firmware keeps 64 MiB, the kernel some more


def main() -> int:
    """Boot, run, check, and print a line for each."""
    arguments = _parse()
    began = time.monotonic()
    try:
        require(((QEMU, "qemu-system-arm"),))
        layers = Layers.in_folder(arguments.cache)
        with tempfile.TemporaryDirectory(prefix="run-", dir=layers.cache) as name:
            folder = Path(name)
            archive = _make_root(layers, folder)
            print(
                f"made a root of {archive.stat().st_size / 2**20:.0f} MiB in {time.monotonic() - began:.0f} s",
                flush=True,
            )
            told = _boot(layers.kernel(), archive, is_shown=arguments.show)
            passed = _check_all(told, folder / "session.jsonl")
    except UnavailableError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return SKIPPED
    print(f"{'all is well' if passed else 'NOT all is well'}; all of it took {time.monotonic() - began:.0f} s")
    return 0 if passed else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/boot_raspi3b", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="where the parts lie (~/.cache/layout-profiler-aarch64)"
    )
    parser.add_argument("--show", action="store_true", help="also print all that the board prints")
    return parser.parse_args()


def _make_root(layers: Layers, folder: Path) -> Path:
    """The archive of everything that the board is to have."""
    project, bundle = folder / "project", export_bundle(folder)
    wheels.install_project(project)
    (folder / "job.json").write_text(json.dumps(_job()))
    archive = folder / "root.cpio"
    with archive.open("wb") as file:
        root = Initramfs(file)
        root.add_tree(layers.system(), "")
        for place in ("proc", "sys", "dev", "tmp", "root"):
            root.add_folder(place)
        root.add_tree(layers.base(), "opt/base", left_out=["tests"])
        root.add_tree(project, "opt/project")
        root.add_tree(bundle, "bundle")
        for module in MODULES:
            (path,) = layers.kernel().rglob(module)
            root.add_file(path, f"lib/modules/{module}")
        root.add_file(folder / "job.json", "job.json")
        root.add_file(Path(__file__).with_name("init.py"), "init", mode=0o755)
        root.close()
    return archive


def _job() -> dict[str, object]:
    runtimes = [word for runtime in BASE for word in ("--runtime", runtime)]
    return {
        "modules": [f"/lib/modules/{module}" for module in MODULES],
        "environment": {
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": "/opt/project:/opt/base",
        },
        "commands": {
            "hardware": [*PROFILER, "hardware"],
            "run": [*PROFILER, "run", "/bundle", "-o", SESSION, *QUICK, *runtimes],
            "report": [*PROFILER, "report", SESSION],
        },
        "files": [SESSION],
    }


def _boot(kernel: Path, archive: Path, *, is_shown: bool) -> Told:
    """Start the board and listen to it until it is done."""
    (image,) = kernel.glob("boot/vmlinuz-*")
    (tree,) = kernel.rglob(TREE)
    command = [
        *(QEMU, "-M", MACHINE, "-kernel", str(image), "-dtb", str(tree), "-initrd", str(archive)),
        *("-append", KERNEL_LINE, "-display", "none", "-serial", "stdio", "-no-reboot"),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as board:
        limit = threading.Timer(LIMIT_S, board.kill)
        limit.start()
        try:
            assert board.stdout is not None
            return parse_console(_listen(board.stdout, is_shown=is_shown))
        finally:
            limit.cancel()
            board.kill()


def _listen(lines: IO[str], *, is_shown: bool) -> Iterator[str]:
    for line in lines:
        if is_shown:
            print(line, end="", flush=True)
        yield line


def _check_all(told: Told, path: Path) -> bool:
    """Print a line for each check; True if all passed."""
    path.write_bytes(told.files.get(SESSION, b""))
    results = []
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("ended", lambda: _check_end(told)),
        ("hardware", lambda: _check_hardware(told, _session(path).header.hardware)),
        ("run", lambda: check_session(_session(path), BASE)),
        ("report", lambda: _check_report(told)),
    )
    for name, check in checks:
        try:
            said, passed = check(), True
        except CheckError as error:
            said, passed = " ".join(str(error).split()), False
        print(f"Pi 3, {MACHINE:<10} {name:<9} {'ok' if passed else 'FAILED':<6}  {said}", flush=True)
        results.append(passed)
    return all(results)


def _session(path: Path) -> Session:
    try:
        return load_session(path)
    except SessionError as error:
        raise CheckError(str(error)) from error


def _check_end(told: Told) -> str:
    failed = [f"{name}: exit status {command.status}, {command.output[-800:]}"
              for name, command in told.commands.items() if command.status]  # fmt: skip
    if failed or not told.is_whole:
        raise CheckError("; ".join(failed) or "the board fell silent before its end")
    times = ", ".join(f"{name} {command.elapsed_s:.0f} s" for name, command in told.commands.items())
    return f"the board did all it was told (by its clock {times})"


def _check_hardware(told: Told, live: HardwareInfo) -> str:
    """What the kernel of a Pi 3 tells: cores and caches as in the tree that the other lane shows."""
    recorded = capture_hardware(BOARDS[0].tree)
    for name in ("cpu_name", "core_types", "logical_cpus", "caches"):
        if getattr(live, name) != getattr(recorded, name):
            raise CheckError(f"{name}: live {getattr(live, name)}, recorded {getattr(recorded, name)}")
    model, memory = live.board.model.value or "", live.memory.total_bytes.value or 0
    low, high = MEMORY_BYTES
    if not model.startswith("Raspberry Pi 3 Model B") or not low <= memory <= high:
        raise CheckError(f"model {model}, memory {memory}")
    if live.environment.emulation.value != "none" or model not in told.commands["hardware"].output:
        raise CheckError(f"emulation {live.environment.emulation}; it printed {told.commands['hardware'].output[:200]}")
    degrees = ", ".join(f"{value:.0f} C" for value in live.conditions.temperatures_celsius.values())
    return f"{model}, {live.cpu_name.value}, {memory / 2**20:.0f} MiB, {degrees or 'no temperature'}"


def _check_report(told: Told) -> str:
    """The board has no battery for its clock, and the report says so."""
    said = " ".join(told.commands["report"].output.split())
    if "the clock said 1970" not in said:
        raise CheckError(f"nothing is said of the clock: {said[-500:]}")
    return f"{len(told.commands['report'].output.splitlines())} lines; it says that the clock cannot be right"


if __name__ == "__main__":
    sys.exit(main())
