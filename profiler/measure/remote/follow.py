"""Streams what a run on a board says, line by line, until it ends."""

import shlex
from collections.abc import Callable

from profiler.base.death import harmless
from profiler.base.errors import RemoteLinkError
from profiler.measure.remote.connect import Board
from profiler.measure.remote.install import Installed
from profiler.measure.remote.messages import FollowJob
from profiler.measure.remote.runs import RunPlan

MAX_LINE_BYTES = 4096
_CHUNK_BYTES = 1 << 16


class Lines:
    """Cuts a stream into lines that are fit to be shown, and counts what has been taken from it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.taken_bytes = 0
        self._say = say
        self._rest = b""

    def add(self, chunk: bytes) -> None:
        """Say the lines that are whole. A line that never ends is cut."""
        self.taken_bytes += len(chunk)
        *whole, rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            text = harmless(line[:MAX_LINE_BYTES].decode("utf-8", "replace"))
            if text:
                self._say(text)
        self._rest = rest[:MAX_LINE_BYTES]


async def follow(board: Board, installed: Installed, plan: RunPlan, lines: Lines) -> None:
    """Hand on what the run says from where `lines` has come to, until it ends.

    Raises:
        RemoteLinkError: the connection was lost; call it again with the same `lines` and a new one.
    """
    job = FollowJob(base=installed.base, run=plan.key, offset_bytes=lines.taken_bytes)
    command = shlex.join(installed.command("follow", job))
    async with board.connection.create_process(command, encoding=None) as process:  # its input stays open: see onboard
        while chunk := await process.stdout.read(_CHUNK_BYTES):
            lines.add(chunk)
        await process.wait_closed()
        if process.returncode is None:
            raise RemoteLinkError(f"the connection to {board.address} was lost")
