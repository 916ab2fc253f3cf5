"""What is checked of one emulated board: the hardware report, a run and its report; with torch, both its fates."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from profiler.judge.wheels import ARMV8_0_TORCH
from profiler.machine.capture import capture_hardware
from profiler.machine.records import HardwareInfo
from profiler.session.file import load_session
from profiler.session.records import Session, Stage
from scripts.aarch64.boards import Board
from scripts.aarch64.guest import Guest
from scripts.aarch64.workload import BASE, TORCH, CheckError, check_session

QUICK = ("--passes", "1", "--no-measure", "--seed", "1", "--quiet")  # times of an emulator mean nothing
RECORDED = (
    "cpu_name", "cpu_flags", "core_types", "logical_cpus", "physical_cores", "caches", "board", "clock_domains",
    "machine", "kernel", "conflicts",
)  # fmt: skip
CONDITIONS = ("governors", "frequencies_hz", "temperatures_celsius", "throttled", "under_voltage")
SURROUNDINGS = ("vm", "container", "emulation")


def check_hardware(guest: Guest, board: Board) -> str:
    """The live report of the emulated board is that of its recorded files, fact for fact."""
    live = _hardware(guest, board)
    recorded = capture_hardware(board.tree)
    pairs = [(name, getattr(live, name), getattr(recorded, name)) for name in RECORDED]
    pairs += [(name, getattr(live.conditions, name), getattr(recorded.conditions, name)) for name in CONDITIONS]
    for name in SURROUNDINGS:
        pairs.append((name, getattr(live.environment, name).value, getattr(recorded.environment, name).value))
    pairs.append(("memory", live.memory.total_bytes, recorded.memory.total_bytes))
    for name, here, there in pairs:
        if here != there:
            raise CheckError(f"{name}: live {here}, recorded {there}")
    if live.machine.value != "aarch64":
        raise CheckError(f"the machine is {live.machine.value}")
    return f"{live.board.model.value}, {live.cpu_name.value}: {len(pairs)} facts as recorded"


def check_emulator_is_seen(guest: Guest) -> str:
    """Without a board's files, an Arm program sees this machine's; the report says so and believes none."""
    live = _hardware(guest, None)
    told = live.environment.emulation.value or ""
    if "qemu-user" not in told or live.caches or live.core_types or live.board.model.value:
        raise CheckError(f"emulation: {told or 'not seen'}; caches {live.caches}, board {live.board.model.value}")
    return told


def check_run(guest: Guest, board: Board, *, bundle: Path, output: Path) -> str:
    """A bundle exported on this machine is measured by the base install, and leaves one file."""
    output.mkdir()
    session = _run(guest, board, bundle=bundle, path=output / "session.jsonl", runtimes=list(BASE), status=0)
    left = sorted(path.name for path in output.iterdir())
    if left != ["session.jsonl"]:
        raise CheckError(f"the run left {', '.join(left)}")
    return check_session(session, BASE)


def check_report(guest: Guest, board: Board, *, output: Path) -> str:
    """The report of that session is the same text there and here."""
    path = output / "session.jsonl"
    there = _ended(guest.python(["-m", "profiler", "report", str(path)], board=board), 0)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    here = _ended(
        subprocess.run(
            [sys.executable, "-m", "profiler", "report", str(path)],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        ),
        0,
    )  # fmt: skip
    for line, other in zip(there.splitlines(), here.splitlines(), strict=False):
        if line != other:
            raise CheckError(f"the report says {line!r} there and {other!r} here")
    if len(there) != len(here):
        raise CheckError("one report is longer")
    return f"{len(there.splitlines())} lines, the same as on this machine"


def check_torch(guest: Guest, board: Board, *, bundle: Path, output: Path) -> str:
    """TorchScript by the torch that is pinned for Arm runs."""
    path = output / "torch.jsonl"
    return check_session(_run(guest, board, bundle=bundle, path=path, runtimes=list(TORCH), status=0), TORCH)


def check_newer_torch(guest: Guest, board: Board, *, bundle: Path, output: Path) -> str:
    """A torch built for newer cores runs on them; elsewhere its death is a finding that says what to install."""
    path = output / "newer-torch.jsonl"
    dies = not board.has_atomics
    session = _run(guest, board, bundle=bundle, path=path, runtimes=list(TORCH), status=int(dies))
    if not dies:
        return check_session(session, TORCH)
    (failure,) = session.failures
    if (failure.signal, failure.stage) != (signal.SIGILL, Stage.START):
        raise CheckError(f"it failed otherwise: {failure.message}")
    report = _ended(guest.python(["-m", "profiler", "report", str(path)], board=board), 0)
    said = " ".join(report.split())
    finding = said[said.find("! torchscript died of SIGILL") :].partition(" ! ")[0]
    if f"pip install torch=={ARMV8_0_TORCH}" not in finding:
        raise CheckError(f"the report does not say what to install: {said}")
    return f"the report says: {finding}"


def _hardware(guest: Guest, board: Board | None) -> HardwareInfo:
    text = _ended(guest.python(["-m", "profiler", "hardware", "--json"], board=board), 0)
    found: dict[str, Any] = json.loads(text)
    return msgspec.convert(found, HardwareInfo)


def _run(guest: Guest, board: Board, *, bundle: Path, path: Path, runtimes: Sequence[str], status: int) -> Session:
    wanted = [word for runtime in runtimes for word in ("--runtime", runtime)]
    command = ["-m", "profiler", "run", str(bundle), "-o", str(path), *QUICK, *wanted]
    _ended(guest.python(command, board=board), status)
    return load_session(path)


def _ended(done: "subprocess.CompletedProcess[str]", status: int) -> str:
    if done.returncode != status:
        raise CheckError(f"exit status {done.returncode} instead of {status}: {(done.stderr or done.stdout)[-800:]}")
    return done.stdout
