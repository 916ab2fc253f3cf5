"""Every use of a child process: whatever becomes of the child is told in one line, and it dies with its parent."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from profiler.base import process
from profiler.base.death import ChildError
from profiler.base.errors import ExportError
from profiler.base.signals import Stop
from profiler.claims.workshop import Workshop
from profiler.commands.export import write_bundle_apart
from profiler.machine.limits import ask as limits_ask
from profiler.machine.limits.job import LimitsJob
from profiler.machine.sources.brand import capture_brand
from profiler.measure import handle
from profiler.measure.counting import ask as counting_ask
from profiler.measure.counting.job import WalkJob
from profiler.measure.forks import fork, wait_for
from profiler.measure.handle import Worker

ROOT = Path(__file__).parents[1]
Use = Callable[[float], object]


def ask_worker(limit_s: float, *, is_nursery: bool = False) -> None:
    handle.START_LIMIT_S = limit_s
    options: dict[str, Any] = {"stop": Stop(), "generator": random.Random(1), "is_nursery": is_nursery}
    try:
        with Worker("numpy", threads=1, cpus=(), **options) as worker:
            worker.start()
    except ChildError as error:
        raise ChildError(handle.message_of(error)) from error


def ask_limits(limit_s: float) -> None:
    job = LimitsJob(core=None, cpu=None, use_numba=False, buffer_bytes=1 << 20, budget_s=0.1, page_bytes=4096)
    limits_ask.ask_child(job, limit_s=limit_s)


def ask_counting(limit_s: float) -> None:
    counting_ask.LIMIT_S = limit_s
    counting_ask.ask_child(WalkJob())


def ask_workshop(limit_s: float) -> None:
    with Workshop() as workshop:
        workshop.ask("math:sqrt", float, limit_s=limit_s)


def export(_limit_s: float) -> None:
    write_bundle_apart(Path("nowhere"), workloads=(), suite="none", formats=(), force=False, quiet=True)


def hold_fork(limit_s: float) -> None:
    def hold() -> bool:
        time.sleep(limit_s)
        return True

    wait_for(fork(hold))


USES: dict[str, Use] = {
    "worker": ask_worker,
    "nursery": lambda limit_s: ask_worker(limit_s, is_nursery=True),
    "limits": ask_limits,
    "explain": ask_counting,
    "claims": ask_workshop,
    "profile": export,
    "brand": lambda _: capture_brand(),
    "fork": hold_fork,
}
ENDED = {
    "worker": "gave no answer within 0 s and was ended",
    "nursery": "gave no answer within 0 s and was ended",
    "limits": "did not end within 0 s and was ended",
    "explain": "did not end within 0 s and was ended",
    "claims": "did not end within 0 s and was ended",
}
KILLED = "SIGKILL (killed; out of memory, or by hand)"
WORKER = {
    "killed": KILLED,
    "status": "exit status 3: last words",
    "garbage": "printed what cannot be read: JSON is malformed: invalid character (byte 0)",
    "too much": "answered with more than 1000000 bytes and was ended",
}
ONCE = {
    "killed": f"died of {KILLED}",
    "status": "ended with status 3: last words",
    "garbage": WORKER["garbage"],
    "too much": "printed more than 1000000 bytes",
}
TOLD = {
    "worker": WORKER,
    "nursery": WORKER,
    "limits": ONCE,
    "explain": ONCE,
    "claims": {**ONCE, "too much": WORKER["too much"]},
    "profile": {
        "killed": f"the export ended early: {KILLED}",
        "status": "the export ended early: see above",
        "garbage": f"the export {ONCE['garbage']}",
        "too much": f"the export {ONCE['too much']}",
    },
}
FAULTS = {
    "killed": "os.kill(os.getpid(), 9)",
    "status": "sys.stderr.write('words\\nlast words\\n'); sys.exit(3)",
    "garbage": "print('xyz'); sys.exit()",
    "too much": "sys.stdout.write('x' * 2_000_000); sys.exit()",
    "silence": "import time; time.sleep(60)",
}


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has every child do something else than what it was started for."""
    monkeypatch.setattr(handle, "MAX_REPLY_BYTES", process.MAX_ANSWER_BYTES)
    monkeypatch.setattr(handle, "START_LIMIT_S", handle.START_LIMIT_S)  # put back afterwards
    monkeypatch.setattr(counting_ask, "LIMIT_S", counting_ask.LIMIT_S)
    return lambda name: monkeypatch.setattr(process, "_PREAMBLE", f"import os, sys\n{FAULTS[name]}\n")


@pytest.mark.parametrize(("use", "kind"), [(use, kind) for use, told in TOLD.items() for kind in told])
def test_a_child_that_dies_or_babbles_is_told_in_one_line(fault: Callable[[str], None], use: str, kind: str) -> None:
    fault(kind)
    with pytest.raises((ChildError, ExportError)) as caught:
        USES[use](60.0)
    assert str(caught.value) == TOLD[use][kind]
    assert psutil.Process().children() == []


@pytest.mark.parametrize("use", ENDED)
def test_a_child_that_is_silent_is_ended_and_told(fault: Callable[[str], None], use: str) -> None:
    fault("silence")
    with pytest.raises(ChildError) as caught:
        USES[use](0.2)
    assert str(caught.value) == ENDED[use]
    assert psutil.Process().children() == []


@pytest.mark.parametrize("use", TOLD)
def test_a_child_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, use: str) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises((ChildError, ExportError), match="could not be started: No such file"):
        USES[use](60.0)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends a child with its parent")
@pytest.mark.parametrize("use", USES)
def test_no_child_outlives_a_killed_parent(use: str) -> None:
    parent = f"""
from profiler.base import process
from tests.test_children import USES
process._PREAMBLE += "import time; time.sleep(300)\\n"
USES[{use!r}](300.0)
"""
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT) as started:
        deadline = time.monotonic() + 60
        while not (children := psutil.Process(started.pid).children(recursive=True)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)  # most die of the signal, some may see that their parent is gone already
        started.kill()
    assert psutil.wait_procs(children, timeout=30)[1] == []
