"""Asks a board something: a command, what it reads, and one line of JSON as its answer, never more than that."""

import asyncio
import contextlib
import dataclasses
import importlib.resources
import shlex
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import asyncssh
import msgspec

from profiler.base.death import harmless
from profiler.base.errors import OutputError, RemoteError, RemoteLinkError
from profiler.base.process import MAX_ANSWER_BYTES, TAIL_BYTES
from profiler.measure.remote.connect import Board

PATIENCE_S = 120.0
_CHUNK_BYTES = 1 << 18
_NOT_FOUND = 127
_LOADER = "import sys; exec(sys.stdin.buffer.read(int(sys.argv[1])).decode())"
Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True)
class SentFile:
    """A file to send: its name there, and where it lies here or what is in it."""

    name: str
    content: Path | bytes

    @property
    def size_bytes(self) -> int:
        """How many bytes the file has."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


async def ask(
    board: Board,
    command: Sequence[str],
    answer: type[Answer],
    *,
    data: Iterable[bytes] = (),
    limit_s: float = PATIENCE_S,
) -> Answer:
    """Run a command on the board and return what it prints.

    Args:
        board: where.
        command: the program and its arguments; each is quoted, none is read by a shell.
        answer: the record that it prints.
        data: what it reads.
        limit_s: after so many seconds it is given up.

    Raises:
        RemoteError: it failed, took too long, or printed something else.
        RemoteLinkError: the connection was lost.
    """
    try:
        async with asyncio.timeout(limit_s):
            status, said, errors = await _run(board, shlex.join(command), data)
    except TimeoutError as error:
        raise RemoteError(f"{board.address} did not answer within {limit_s:.0f} s") from error
    if status is None:
        raise RemoteLinkError(f"the connection to {board.address} was lost")
    return _decode(board, answer, status, said, errors)


async def ask_script(
    board: Board,
    python: str,
    script: str,
    job: object,
    answer: type[Answer],
    *,
    data: Iterable[bytes] = (),
    limit_s: float = PATIENCE_S,
) -> Answer:
    """Have a board run a script of `onboard` that is sent as text, since nothing is installed there yet."""
    text = (importlib.resources.files("profiler.measure.remote.onboard") / f"{script}.py").read_bytes()
    command = [python, "-I", "-c", _LOADER, str(len(text)), msgspec.json.encode(job).decode()]
    return await ask(board, command, answer, data=_after(text, data), limit_s=limit_s)


def tar_chunks(files: Iterable[SentFile]) -> Iterator[bytes]:
    """The files as a tar, piece by piece.

    Raises:
        OutputError: one cannot be read, or has another length by now.
    """
    for file in files:
        info = tarfile.TarInfo(file.name)
        info.size = file.size_bytes
        yield info.tobuf(tarfile.PAX_FORMAT)
        sent = 0
        for chunk in _chunks(file.content):
            sent += len(chunk)
            yield chunk
        if sent != info.size:
            raise OutputError(f"{file.name} changed while it was sent")
        yield b"\0" * (-info.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _chunks(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        with content.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise OutputError(f"cannot read {content}: {error.strerror}") from error


def _after(text: bytes, data: Iterable[bytes]) -> Iterator[bytes]:
    yield text
    yield from data


async def _run(board: Board, command: str, data: Iterable[bytes]) -> tuple[int | None, bytes, bytes]:
    async with board.connection.create_process(command, encoding=None) as process:
        feeding = asyncio.create_task(_feed(process, data))
        reading = asyncio.create_task(_read_tail(process.stderr))
        try:
            said = await _read(board, process.stdout)
            errors = await reading
            await feeding
        finally:
            feeding.cancel()
            reading.cancel()
        await process.wait_closed()
        return process.returncode, said, errors


async def _feed(process: "asyncssh.SSHClientProcess[bytes]", data: Iterable[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):  # it has seen enough, and its answer says why
        for chunk in data:
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.write_eof()


async def _read(board: Board, stream: "asyncssh.SSHReader[bytes]") -> bytes:
    said = bytearray()
    while chunk := await stream.read(_CHUNK_BYTES):
        said += chunk
        if len(said) > MAX_ANSWER_BYTES:
            raise RemoteError(f"{board.address} answered with more than {MAX_ANSWER_BYTES} bytes")
    return bytes(said)


async def _read_tail(stream: "asyncssh.SSHReader[bytes]") -> bytes:
    tail = b""
    while chunk := await stream.read(_CHUNK_BYTES):
        tail = (tail + chunk)[-TAIL_BYTES:]
    return tail


def _decode(board: Board, answer: type[Answer], status: int, said: bytes, errors: bytes) -> Answer:
    if status == _NOT_FOUND:
        raise RemoteError(f"{board.address} has no such program: {_last(errors)}")
    lines = said.splitlines()
    if not lines:
        raise RemoteError(f"{board.address} gave no answer (status {status}): {_last(errors)}")
    line = lines[-1]  # what a login script prints comes before it
    try:
        return msgspec.json.decode(line, type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RemoteError(f"{board.address}: {harmless(msgspec.json.decode(line, type=_Failure).error)}") from error
        raise RemoteError(
            f"{board.address} gave an answer that makes no sense ({harmless(str(error))}): {_last(line)}"
        ) from error


class _Failure(msgspec.Struct):
    error: str


def _last(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return harmless(lines[-1]) if lines else "it said nothing"
