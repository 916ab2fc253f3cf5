"""The session, the seam between `run` and everything after it: append-only JSON lines, synced block by block."""

import contextlib
import dataclasses
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from profiler.base.errors import OutputError, SessionError
from profiler.base.files import read_limited, refuse_existing, write_error
from profiler.base.record import version_problem
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS, ARMS_AT_ONCE
from profiler.session.records import (
    SESSION_SCHEMA,
    ArmSet,
    Block,
    Check,
    ConditionsRecord,
    Cost,
    End,
    Failure,
    Header,
    Options,
    Resume,
    Session,
    SessionRecord,
    Start,
)

MAX_LINE_BYTES = 64_000_000
MAX_SESSION_BYTES = 4_000_000_000
MAX_COUNT = 100_000  # of passes, rounds or threads
MAX_ATTEMPTS = 100
MAX_SLICE_NS = 10**15  # eleven days: no slice of a run lasts longer
MAX_S = 10**9  # thirty years: no time of a run, and no machine's sleep, is longer
MIN_S = 1e-9  # of what took time: a clock's step
MAX_MARGIN = 0.5
CONFIDENCE_LEVELS = (0.5, 0.9999)
MAX_CALLS_PER_SLICE = 10**12
MAX_NUMBER = 2**63
_WHY = {  # what to do about a card or disk that does not take a line
    errno.ENOSPC: "; free some space and go on with --resume",
    errno.EDQUOT: "; free some of your quota and go on with --resume",
    errno.EFBIG: "; free some space and go on with --resume",
    errno.EROFS: "; the card went read-only, as after an error: check it (dmesg tells), then go on with --resume",
    errno.EIO: "; the card or disk failed (dmesg tells): copy the session to another one and go on there with --resume",
}
_MAY_BE_NEGATIVE = {"wall_s"}

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
        missing = [folder for folder in path.absolute().parents if not folder.exists()]
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
        for folder in (path.parent, *(folder.parent for folder in missing)):
            _sync_folder(folder)
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
            data = read_limited(path, MAX_SESSION_BYTES)
            session = parse_session(data, source=str(path))
            if _whole_length(data) < len(data):
                os.ftruncate(descriptor, _whole_length(data))
                os.fsync(descriptor)
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
            usual = "; what was measured before is whole: go on with --resume"
            advice = _WHY.get(error.errno or 0, usual) if before else ""
            raise OutputError(f"cannot write {self.path}: {error.strerror}{advice}") from error

    def close(self) -> None:
        """Close the session's file and release its lock."""
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
        SessionError: it is no session, of a newer schema, or damaged; names the line.
    """
    whole = data[: _whole_length(data)]
    if not whole:
        what = "is empty" if not data.strip(b"\0") else "ends within its first line"
        raise SessionError(
            f"{source} is no session that anything can be read from: it {what}, as after a power loss before the first "
            "block; start it anew with --force and without --resume"
        )
    records = list(_records(whole, source))
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
        starts=tuple(record for record in later if isinstance(record, Start)),
        costs=tuple(record for record in later if isinstance(record, Cost)),
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
    problem = version_problem(line, SESSION_SCHEMA, oldest=SESSION_SCHEMA)
    if problem:
        raise SessionError(f"{source} {problem}")


def _check(header: Header, records: list[tuple[int, SessionRecord]], source: str) -> None:
    """Refuse what a run cannot have written."""
    problem = _header_problem(header)
    if problem:
        raise SessionError(f"line 1 of {source} {problem}")
    seen = _Seen(cases={case.id for case in header.cases}, passes=header.options.passes, keys=set())
    for number, record in records[1:]:
        problem = _problem(record, seen)
        if problem:
            raise SessionError(f"line {number} of {source} {problem}")


def _header_problem(header: Header) -> str | None:
    workloads, options = {workload.key for workload in header.workloads}, header.options
    if len(workloads) != len(header.workloads):
        return "names a workload twice"
    if _has_impossible_number(msgspec.to_builtins(header)):
        return "holds an impossible number"
    problem = options_problem(options)
    if problem:
        return f"holds impossible options: {problem}"
    if len({case.id for case in header.cases if case.workload in workloads}) != len(header.cases):
        return "names a case twice, or one of an unknown workload"
    for case in header.cases:
        if (
            case.runtime not in options.runtimes
            or case.form not in options.forms
            or case.dtype not in options.dtypes
            or case.threads not in options.threads
            or case.weights not in options.weights
            or case.control not in options.controls
            or not 0 <= case.copy < options.copies
        ):
            return f"names the case {case.id[:120]!r}, which its options exclude"
    return None


def options_problem(options: Options) -> str | None:
    """What makes no sense in a run's options, None if nothing does."""
    looks, (lowest, highest) = options.looks, CONFIDENCE_LEVELS
    counts = (options.rounds, *options.threads, options.copies, 1 if options.sets is None else options.sets)
    rules = {
        f"looks are numbers of passes that rise, from 1 to {MAX_COUNT}": bool(looks)
        and list(looks) == sorted(set(looks))
        and 0 < looks[0] <= looks[-1] <= MAX_COUNT,
        f"a margin lies above 0 and is at most {MAX_MARGIN:.0%}": 0 < options.margin <= MAX_MARGIN,
        f"a confidence level lies between {lowest:.0%} and {highest:.2%}": (
            lowest <= options.confidence_level <= highest
        ),
        f"rounds, threads, copies and sets are from 1 to {MAX_COUNT}": all(0 < count <= MAX_COUNT for count in counts),
        "a slice takes time, and eviction_bytes, cost_passes and slowdown_percent are not negative": (
            min(options.eviction_bytes, options.cost_passes, options.slowdown_percent) >= 0 and options.slice_s > 0
        ),
        "threads are named, each number once": 0 < len(options.threads) == len(set(options.threads)),
        "repeat_share lies between 0 and 1": 0 <= options.repeat_share <= 1,
        "number formats are named, each once": 0 < len(options.dtypes) == len(set(options.dtypes)),
        "there are weights and controls": bool(options.weights and options.controls),
    }
    return next((rule for rule, holds in rules.items() if not holds), None)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What a session may hold, and the keys of the lines read so far."""

    cases: set[str]
    passes: int
    keys: set[tuple[object, ...]]


def _problem(record: SessionRecord, seen: _Seen) -> str | None:
    """What is wrong with a line after the first. Adds its key to those seen."""
    if isinstance(record, Header):
        return "is a second header; one file holds one session"
    if isinstance(record, Check | Cost | Block) and record.case not in seen.cases:
        return f"belongs to the unknown case {record.case[:120]!r}"
    if isinstance(record, Block | Cost | Start) and not 0 <= record.pass_index < seen.passes:
        return f"belongs to pass {record.pass_index}, and {seen.passes} are the most"
    # The slices of sets are many, and checked by themselves
    plain = msgspec.structs.replace(record, sets=()) if isinstance(record, Block) else record
    if _has_impossible_number(msgspec.to_builtins(plain)):
        return "holds an impossible number"
    key = _key(record)
    if key is not None and key in seen.keys:
        return f"repeats {' '.join(map(str, key[1:]))}"
    seen.keys.add(key or ())
    return _content_problem(record)


def _key(record: SessionRecord) -> tuple[object, ...] | None:
    """What a record is about, which no other record of its kind in a session may be; None where any number may."""
    if isinstance(record, Block):
        return ("block", f"pass {record.pass_index} of {record.case}, attempt {record.attempt}")
    if isinstance(record, Cost):
        return ("cost", f"the costs of {record.case} in pass {record.pass_index}")
    if isinstance(record, Check):
        return ("check", f"the check of {record.case}")
    return None


def _content_problem(record: SessionRecord) -> str | None:
    if isinstance(record, Block):
        if not 0 <= record.attempt < MAX_ATTEMPTS or record.arms_at_once not in ARMS_AT_ONCE:
            return "holds an impossible number"
        return None if record.sets and all(map(_is_possible, record.sets)) else "holds impossible times"
    if isinstance(record, Cost) and not _is_possible_cost(record):
        return "holds impossible costs"
    if isinstance(record, Check):
        layouts = sorted(arm.layout for arm in record.arms)
        if layouts != sorted(WeightLayout) or min(arm.size_bytes for arm in record.arms) < 0:
            return "is not a check of both layouts"
    if isinstance(record, ConditionsRecord) and not 0 <= record.pass_index <= MAX_COUNT:
        return "holds an impossible number"
    return None


def _is_possible(arm_set: ArmSet) -> bool:
    slices = arm_set.slices_ns
    rounds = {len(times) for times in slices.values()}
    return (
        len(arm_set.arms) == len(ARMS)
        and slices.keys() == set(ARMS)
        and len(rounds) == 1
        and rounds != {0}
        and 0 < arm_set.calls <= MAX_CALLS_PER_SLICE
        and 0 <= arm_set.identity_calls <= MAX_CALLS_PER_SLICE
        and (arm_set.identity_calls > 0 or not arm_set.identity_ns)
        and all(0 <= time < MAX_S for time in (arm_set.load_s, arm_set.rounds_s))
        and all(0 < time < MAX_SLICE_NS for times in slices.values() for time in times)
        and all(0 < time < MAX_SLICE_NS for time in arm_set.identity_ns)
    )


def _is_possible_cost(cost: Cost) -> bool:
    return len(cost.arms) == len(WeightLayout) and all(
        min(arm.load_s, arm.first_call_s) >= MIN_S for arm in cost.arms.values()
    )


def _has_impossible_number(value: object, name: str = "") -> bool:
    """Whether a number is beyond what any machine reports, and would overflow or mislead later.

    Whole numbers stay below 64 bits; times, whose names end in `_s`, are neither negative nor longer than a life. A
    clock that was set may have gone backwards.
    """
    if isinstance(value, dict):
        return any(_has_impossible_number(item, str(key)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_has_impossible_number(item, name) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if name.endswith("_s") and not name.endswith("_per_s") and name not in _MAY_BE_NEGATIVE:
        return not (MIN_S if name == "canary_s" else 0) <= value < MAX_S
    return not (0 if name.endswith("_bytes") else -MAX_NUMBER) <= value < MAX_NUMBER


def _whole_length(data: bytes) -> int:
    """How many bytes of a file are whole lines.

    What follows the last newline was being written when power failed. So was a last line with a NUL in it, which no
    line has: of a line that was not synced, the end may be on disk and the middle not.
    """
    end = data.rfind(b"\n") + 1
    while end and b"\0" in data[(begin := data.rfind(b"\n", 0, end - 1) + 1) : end]:
        end = begin
    return end


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
    start = start.strip(b"\0")  # zeros are what a power loss leaves of a file that was never synced
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
