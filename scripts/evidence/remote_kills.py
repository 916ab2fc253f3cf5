#!/usr/bin/env python3
"""Measures over SSH and kills at random moments: this side, the connection, the run. Counts what was lost or doubled.

Without a host it starts an OpenSSH server of its own on the loopback (as root with a user of its own).

Usage: .venv/bin/python -m scripts.evidence.remote_kills [KILLS] [SEED] [HOST]

Last printed 2026-11-27 with a server on the loopback of a 2-core virtual machine, whose CPU nobody noted, in the README
under "What is lost over SSH".
"""

import asyncio
import collections
import contextlib
import dataclasses
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from profiler.artifacts.bundle import open_bundle
from profiler.base.errors import RemoteError
from profiler.measure.remote.check import check
from profiler.measure.remote.connect import connect, parse_address
from profiler.measure.remote.fetch import SESSION_NAME, fetch
from profiler.measure.remote.install import Installed
from profiler.measure.remote.messages import RunState
from profiler.measure.remote.runs import RunPlan, plan_run, stand
from profiler.session.file import load_session
from profiler.session.records import Session
from tests.measure.remote.sshd import fill_wheelhouse, running_server

COMMAND = [sys.executable, "-m", "profiler"]
SUITE = """
name = "kills"
batches = [1]
[[linear]]
in_features = 64
out_features = 64
[[linear]]
in_features = 96
out_features = 48
"""
PASSES = 400
LONGEST_S = 6.0
# What the board's user may do to itself
KILL_RUN = 'for f in ~/.cache/layout-profiler/remote/runs/*/pid; do kill -9 -"$(cat "$f")"; done'
KILL_CONNECTIONS = """
import os, signal
for name in filter(str.isdecimal, os.listdir("/proc")):
    try:
        is_ours = os.stat("/proc/" + name).st_uid == os.getuid()
        with open("/proc/" + name + "/comm") as file:
            if is_ours and file.read().startswith("sshd"):
                os.kill(int(name), signal.SIGKILL)
    except OSError:
        pass
"""


@dataclasses.dataclass(frozen=True)
class Losses:
    """What came of it."""

    kills: "collections.Counter[str]"
    read: int
    lost: int
    blocks: int
    different: int
    planned: int
    repeated: int


def main() -> None:
    """Print the figures."""
    arguments = dict(enumerate(sys.argv[1:]))
    kills, seed, host = int(arguments.get(0, "30")), int(arguments.get(1, "0")), arguments.get(2)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        extra: list[str] = []
        if host is None:
            server = stack.enter_context(running_server())
            server.trust()
            os.environ["HOME"] = str(server.home)
            fill_wheelhouse(server, folder)
            host, extra = "board", ["--python", server.python, "--wheelhouse", str(folder / "wheelhouse")]
        found = kill_at_random(host, folder, kills=kills, seed=seed, extra=extra)
    print(f"{kills} kills over SSH ({', '.join(f'{count} of the {what}' for what, count in found.kills.items())}),")
    print(f"session read on the board after {found.read} of them: {found.lost} finished blocks lost")
    print(f"then measured to the end: {found.blocks} blocks, {found.repeated} of them repeated, being disturbed;")
    print(f"{found.different} different cases and passes, {found.planned} planned")


def kill_at_random(
    host: str,
    folder: Path,
    *,
    kills: int,
    seed: int,
    extra: list[str],
    longest_s: float = LONGEST_S,
    passes: int = PASSES,
) -> Losses:
    """Run, kill, run again, and compare what is on the board with all that was there before."""
    (folder / "kills.toml").write_text(SUITE)
    bundle, output = folder / "bundle", folder / "output"
    export = ["export", str(folder / "kills.toml"), "-q", "--format", "arrays", "-o", str(bundle)]
    subprocess.run([*COMMAND, *export], check=True, stdout=subprocess.DEVNULL)
    options = ("--runtime", "numpy", "--looks", str(passes), "--no-measure")
    command = [*COMMAND, "remote", host, str(bundle), "-o", str(output), *extra, *options]
    generator = random.Random(seed)
    plan = plan_run(open_bundle(bundle), options)
    counts: collections.Counter[str] = collections.Counter()
    seen: set[tuple[str, int]] = set()
    read = lost = 0
    for kill in range(kills):
        what = generator.choice(["laptop", "connection", "run"])
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(generator.uniform(0.2, longest_s))
            asyncio.run(_kill(host, what, process))
            if what != "laptop":  # this side sees to it by itself; it is killed while it does, or ends
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(generator.uniform(0.2, longest_s))
                process.kill()
        counts[what] += 1
        session = asyncio.run(_session_there(host, plan))
        if session is not None:
            now = blocks(session)
            lost += len(seen - now)
            seen |= now
            read += 1
        print(f"kill {kill + 1}, {what}: {len(seen)} blocks", file=sys.stderr)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    session = load_session(output / SESSION_NAME)
    done = blocks(session)
    return Losses(
        kills=counts,
        read=read,
        lost=lost + len(seen - done),
        blocks=len(session.blocks),
        different=len(done),
        planned=len(session.header.cases) * session.header.options.passes,
        repeated=sum(block.attempt > 0 for block in session.blocks),
    )


def blocks(session: Session) -> set[tuple[str, int]]:
    """Which blocks a session holds."""
    return {(block.case, block.pass_index) for block in session.blocks}


async def _kill(host: str, what: str, process: "subprocess.Popen[bytes]") -> None:
    if what == "laptop":
        process.kill()
        return
    command = KILL_RUN if what == "run" else f"python3 -c '{KILL_CONNECTIONS}'"
    with contextlib.suppress(RemoteError):
        async with connect(parse_address(host)) as board:
            await board.connection.run(command)


async def _session_there(host: str, plan: RunPlan) -> Session | None:
    """The session as it lies on the board, None if there is none yet."""
    async with connect(parse_address(host)) as board:
        checked = await check(board)
        if not checked.facts.tools:
            return None
        installed = Installed(checked.facts.base, checked.facts.tools[0])
        standing = await stand(board, installed, plan)
        if standing.state is RunState.NONE or not standing.session_bytes:
            return None
        return (await fetch(board, installed, plan))[1]


if __name__ == "__main__":
    main()
