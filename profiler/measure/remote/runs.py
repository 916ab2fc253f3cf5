"""Starts a run on a board, asks how it stands, ends it, forgets it. A run needs no connection once it is started."""

import dataclasses
import hashlib
import json

from profiler.artifacts.bundle import Bundle
from profiler.measure.remote.connect import Board
from profiler.measure.remote.install import Installed
from profiler.measure.remote.messages import Done, Place, RunJob, Standing
from profiler.measure.remote.talk import ask

STOP_LIMIT_S = 180.0


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """A run: a bundle by the SHA-256 of its manifest, and the options for `run`, as on its command line."""

    bundle: str
    arguments: tuple[str, ...]

    @property
    def key(self) -> str:
        """The key by which a board knows the run: the same bundle with the same options is the same run."""
        return hashlib.sha256(json.dumps([self.bundle, self.arguments]).encode()).hexdigest()[:16]


def plan_run(bundle: Bundle, arguments: tuple[str, ...]) -> RunPlan:
    """The run of a bundle with these options."""
    return RunPlan(bundle.manifest_sha256, arguments)


async def start(board: Board, installed: Installed, plan: RunPlan) -> Standing:
    """Start a run, or go on with what it left on the board, unless it goes on by itself."""
    job = RunJob(base=installed.base, run=plan.key, tool=installed.key, bundle=plan.bundle, arguments=plan.arguments)
    return await ask(board, installed.command("start", job), Standing)


async def stand(board: Board, installed: Installed, plan: RunPlan) -> Standing:
    """Ask the board how a run stands."""
    return await ask(board, installed.command("state", _place(installed, plan)), Standing)


async def stop(board: Board, installed: Installed, plan: RunPlan) -> Standing:
    """End a run in order: blocks that are done are kept."""
    return await ask(board, installed.command("stop", _place(installed, plan)), Standing, limit_s=STOP_LIMIT_S)


async def discard(board: Board, installed: Installed, plan: RunPlan) -> None:
    """Remove what a run left on the board, once that is fetched."""
    await ask(board, installed.command("discard", _place(installed, plan)), Done)


def _place(installed: Installed, plan: RunPlan) -> Place:
    return Place(base=installed.base, run=plan.key)
