"""The session, the seam between `run` and everything after it: append-only JSON lines, synced block by block."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from profiler.bundle import version_problem
from profiler.errors import OutputError, SessionError
from profiler.files import read_limited, refuse_existing, write_error
from profiler.records import (
    SESSION_SCHEMA,
    Block,
    Check,
    ConditionsRecord,
    End,
    Failure,
    Header,
    Resume,
    Session,
    SessionRecord,
)

MAX_LINE_BYTES = 64_000_000
MAX_SESSION_BYTES = 4_000_000_000
MAX_COUNT = 100_000  # of passes, rounds or threads
ARMS = ("out_in_1", "out_in_2", "in_out_1", "in_out_2")
MAX_SLICE_NS = 10**15  # eleven days: no slice of a run lasts longer
MAX_CALLS_PER_SLICE = 10**12
MAX_NUMBER = 2**63

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SessionRecord)


class SessionWriter:
    """Appends records to a session file; each is on disk when `append` returns.

    The file is locked, so that two runs cannot write one session.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def create(cls, path: Path, header: Header, *, force: bool = False) -> "SessionWriter":
        """Start a session. The file appears with its header in it, or not at all.

        Raises:
            OutputError: it exists and may not be replaced, or it cannot be written.
        """
        refuse_existing(path, force=force)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        except OSError as error:
            raise write_error(path, error) from error
        writer = cls(path, descriptor)
        try:
            os.fchmod(descriptor, 0o644)
            _lock(descriptor, path)
            writer.append(header)
            _put_in_place(Path(name), path, force=force)
        except BaseException:
            writer.close()
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        return writer

    @classmethod
    def reopen(cls, path: Path) -> "tuple[SessionWriter, Session]":
        """Continue a session: a torn last line is cut off.

        Raises:
            SessionError: it is missing or damaged.
            OutputError: it cannot be written, or another run is writing it.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise SessionError(f"there is no session {path} to resume; start it without --resume") from error
        except OSError as error:
            raise write_error(path, error) from error
        try:
            _lock(descriptor, path)
            data = path.read_bytes()
            session = parse_session(data, source=str(path))
            os.ftruncate(descriptor, _whole_length(data))
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor), session

    def append(self, record: SessionRecord) -> None:
        """Write one record and sync it.

        Raises:
            OutputError: the disk is full or gone; what was written before is still whole.
        """
        line = _encoder.encode(record) + b"\n"
        before = os.fstat(self._descriptor).st_size
        try:
            os.lseek(self._descriptor, before, os.SEEK_SET)
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, before)
            advice = "; free some space and go on with --resume" if error.errno in (errno.ENOSPC, errno.EFBIG) else ""
            raise OutputError(f"cannot write {self.path}: {error.strerror}{advice}") from error

    def close(self) -> None:
        """Release the file."""
        os.close(self._descriptor)


def load_session(path: Path) -> Session:
    """Read a session; a torn last line is dropped.

    Raises:
        SessionError: it is missing, no session, of a newer schema, or damaged; names the line.
    """
    try:
        data = read_limited(path, MAX_SESSION_BYTES)
    except OSError as error:
        raise SessionError(f"cannot read the session {path}: {error.strerror}") from error
    return parse_session(data, source=str(path))


def parse_session(data: bytes, *, source: str) -> Session:
    """A session from the bytes of its file.

    Raises:
        SessionError: see `load_session`.
    """
    records = list(_records(data[: _whole_length(data)], source))
    if not records or not isinstance(records[0][1], Header):
        raise SessionError(f"{source} is no session: its first line is no header")
    header = records[0][1]
    _check(header, records, source)
    later = [record for _, record in records[1:]]
    ends = [record for record in later if isinstance(record, End)]
    return Session(
        header=header,
        conditions=tuple(record for record in later if isinstance(record, ConditionsRecord)),
        checks=tuple(record for record in later if isinstance(record, Check)),
        blocks=tuple(record for record in later if isinstance(record, Block)),
        failures=tuple(record for record in later if isinstance(record, Failure)),
        resumes=tuple(record for record in later if isinstance(record, Resume)),
        end=ends[-1] if ends and isinstance(later[-1], End) else None,
    )


def _records(data: bytes, source: str) -> Iterator[tuple[int, SessionRecord]]:
    for number, line in enumerate(data.splitlines(), start=1):
        where = f"line {number} of {source}"
        if len(line) > MAX_LINE_BYTES:
            raise SessionError(f"{where} is longer than {MAX_LINE_BYTES} bytes")
        if number == 1:
            _check_version(line, source)
        try:
            yield number, _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SessionError(f"{where} is no valid record: {error}") from error


def _check_version(line: bytes, source: str) -> None:
    problem = version_problem(line, SESSION_SCHEMA)
    if problem:
        raise SessionError(f"{source} {problem}")


def _check(header: Header, records: list[tuple[int, SessionRecord]], source: str) -> None:
    """Refuse what a run cannot have written."""
    problem = _header_problem(header)
    if problem:
        raise SessionError(f"line 1 of {source} {problem}")
    cases = {case.id for case in header.cases}
    seen: set[tuple[str, int]] = set()
    for number, record in records[1:]:
        problem = _block_problem(record, cases, seen) if isinstance(record, Block) else _other_problem(record, cases)
        if problem:
            raise SessionError(f"line {number} of {source} {problem}")


def _header_problem(header: Header) -> str | None:
    workloads = {workload.name for workload in header.workloads}
    options = header.options
    if _has_huge_number(msgspec.to_builtins(header)):
        return "holds a number beyond 64 bits"
    if not all(0 < count <= MAX_COUNT for count in (options.passes, options.rounds, options.threads)):
        return "holds impossible options"
    if len({case.id for case in header.cases if case.workload in workloads}) != len(header.cases):
        return "names a case twice, or one of an unknown workload"
    return None


def _other_problem(record: SessionRecord, cases: set[str]) -> str | None:
    if isinstance(record, Header):
        return "is a second header; one file holds one session"
    if _has_huge_number(msgspec.to_builtins(record)):
        return "holds a number beyond 64 bits"
    if isinstance(record, Check) and record.case not in cases:
        return f"belongs to the unknown case {record.case[:120]!r}"
    return None


def _block_problem(block: Block, cases: set[str], seen: set[tuple[str, int]]) -> str | None:
    """Adds the block to those seen."""
    if block.case not in cases:
        return f"belongs to the unknown case {block.case[:120]!r}"
    if (block.case, block.pass_index) in seen:
        return f"repeats pass {block.pass_index} of {block.case}"
    seen.add((block.case, block.pass_index))
    return None if _is_possible(block) else "holds impossible times"


def _is_possible(block: Block) -> bool:
    rounds = {len(times) for times in block.slices_ns.values()}
    return (
        tuple(sorted(block.slices_ns)) == tuple(sorted(ARMS))
        and len(rounds) == 1
        and rounds != {0}
        and 0 < block.calls <= MAX_CALLS_PER_SLICE
        and 0 <= block.pass_index < MAX_NUMBER
        and all(0 < time < MAX_SLICE_NS for times in block.slices_ns.values() for time in times)
    )


def _has_huge_number(value: object) -> bool:
    """Whether a whole number somewhere in a record is beyond what any machine reports, and would overflow later."""
    if isinstance(value, dict):
        return any(map(_has_huge_number, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_huge_number, value))
    return isinstance(value, int) and abs(value) >= MAX_NUMBER


def _whole_length(data: bytes) -> int:
    """How many bytes of a file are whole lines. What follows the last newline was being written when power failed."""
    return data.rfind(b"\n") + 1


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _lock(descriptor: int, path: Path) -> None:
    import fcntl  # not on Windows, where sessions can still be read

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OutputError(f"{path} is being written by another run") from error


def _put_in_place(temporary: Path, path: Path, *, force: bool) -> None:
    """Give a new session its name, replacing only a session that no run is writing."""
    try:
        if not force:
            os.link(temporary, path)  # fails where something has appeared meanwhile
            temporary.unlink()
            return
        if path.exists():
            _refuse_other_files(path)
        temporary.replace(path)
    except FileExistsError:
        refuse_existing(path, force=False)
    except OSError as error:
        if force or path.exists():
            raise write_error(path, error) from error
        temporary.rename(path)  # a filesystem without hard links, such as an SD card's boot partition


def _refuse_other_files(path: Path) -> None:
    """Raises OutputError unless `path` is a session, or empty, and not being written."""
    try:
        with path.open("rb+") as file:
            _lock(file.fileno(), path)
            start = file.read(1 << 20)
    except OSError as error:
        raise write_error(path, error) from error
    if start and b'"kind":"header"' not in start.partition(b"\n")[0]:
        raise OutputError(f"{path} is not replaced: it is no session")


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a power loss; some filesystems cannot, and then nothing more can be done."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
