"""Fetches a session from a board, as far as it has come, and puts it where it is wanted."""

import shlex
from pathlib import Path

import msgspec

from profiler.base.errors import RemoteError, RemoteLinkError, SessionError
from profiler.base.files import read_limited, write_error, write_whole
from profiler.measure.remote.connect import Board
from profiler.measure.remote.install import Installed
from profiler.measure.remote.messages import Place
from profiler.measure.remote.runs import RunPlan
from profiler.session.file import parse_session
from profiler.session.records import Session

SESSION_NAME = "session.jsonl"
HARDWARE_NAME = "hardware.json"
MAX_BYTES = 1_000_000_000
_CHUNK_BYTES = 1 << 18


async def fetch(board: Board, installed: Installed, plan: RunPlan) -> tuple[bytes, Session]:
    """The session: its bytes up to the last whole line, and what they hold.

    Raises:
        RemoteError: it is none, is endless, or is of another bundle.
        RemoteLinkError: the connection was lost; nothing is lost on the board.
    """
    command = shlex.join(installed.command("session", Place(base=installed.base, run=plan.key)))
    data = bytearray()
    async with board.connection.create_process(command, encoding=None) as process:
        process.stdin.write_eof()
        while chunk := await process.stdout.read(_CHUNK_BYTES):
            data += chunk
            if len(data) > MAX_BYTES:
                raise RemoteError(f"the session on {board.address} is larger than {MAX_BYTES / 1e9:.0f} GB")
        await process.wait_closed()
        if process.returncode is None:
            raise RemoteLinkError(f"the connection to {board.address} was lost")
    whole = bytes(data[: data.rfind(b"\n") + 1])
    try:
        session = parse_session(whole, source=f"the session on {board.address}")
    except SessionError as error:
        raise RemoteError(f"{error}; it is left there, in {installed.base}/runs/{plan.key}") from error
    if session.header.manifest_sha256 != plan.bundle:
        raise RemoteError(f"the session on {board.address} measures another bundle")
    return whole, session


def save(folder: Path, data: bytes, session: Session, *, force: bool) -> Path:
    """Write session and hardware, each whole or not at all. Returns the session's path.

    An earlier state of the same session is replaced without `force`: nothing of it is lost.

    Raises:
        OutputError: another session lies there, or it cannot be written.
    """
    path = folder / SESSION_NAME
    write_whole(path, data, force=force or extends(path, data))
    text = msgspec.json.format(msgspec.json.encode(session.header.hardware), indent=1) + b"\n"
    write_whole(folder / HARDWARE_NAME, text, force=True)
    return path


def extends(path: Path, data: bytes) -> bool:
    """Whether a session begins with all that a file holds, but for a line that was cut off."""
    if not path.is_file():
        return False
    try:
        former = read_limited(path, MAX_BYTES)
    except OSError as error:
        raise write_error(path, error) from error
    whole = former[: former.rfind(b"\n") + 1]
    return bool(whole) and data.startswith(whole)
