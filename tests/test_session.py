import random
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.errors import OutputError, SessionError
from profiler.records import End, EndReason, Failure, Session, Stage
from profiler.session import ARMS, SessionWriter, load_session, parse_session
from tests.sessions import make_block, make_case, make_header, make_session

CASE, OTHER = make_case(1), make_case(8)
SESSION = make_session({CASE: 1.0, OTHER: 1.1}, passes=3)
FAILURE = Failure(
    runtime="numpy", case=CASE.id, stage=Stage.MEASURE, pass_index=0, signal=9, exit_status=None, message="killed"
)


def lines(session: Session) -> list[bytes]:
    records = [session.header, *session.blocks, *session.failures]
    return [msgspec.json.encode(record) for record in ([*records, session.end] if session.end else records)]


DATA = b"\n".join(lines(SESSION)) + b"\n"


def test_a_session_reads_back_as_written(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "s.jsonl", SESSION.header)
    for record in (*SESSION.blocks, FAILURE, SESSION.end):
        assert record is not None
        writer.append(record)
    writer.close()
    session = load_session(tmp_path / "s.jsonl")
    assert session == msgspec.structs.replace(SESSION, failures=(FAILURE,))


@given(st.integers(0, len(DATA)))
@settings(max_examples=300)
def test_a_session_cut_at_any_byte_keeps_every_whole_line(cut: int) -> None:
    data = DATA[:cut]
    whole = data.count(b"\n")
    if whole == 0:
        with pytest.raises(SessionError, match="no session"):
            parse_session(data, source="x")
        return
    session = parse_session(data, source="x")
    assert session.blocks == SESSION.blocks[: whole - 1]
    assert (session.end is not None) == (whole == len(lines(SESSION)))


def test_zeros_after_the_last_line_are_dropped_as_a_power_loss_leaves_them() -> None:
    assert parse_session(DATA + b"\0" * 4096, source="x") == SESSION


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
@settings(max_examples=300)
def test_a_changed_byte_is_read_or_refused_by_line(at: int, byte: int) -> None:
    try:
        parse_session(DATA[:at] + bytes([byte]) + DATA[at + 1 :], source="x")
    except SessionError as error:
        assert "line" in str(error) or "version" in str(error) or "no session" in str(error)  # noqa: PT017


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SessionError):
        parse_session(data, source="x")


def test_resuming_cuts_the_torn_line_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(DATA[:-20])
    writer, session = SessionWriter.reopen(path)
    assert session.end is None
    assert len(session.blocks) == 6
    writer.append(FAILURE)
    writer.append(End(reason=EndReason.COMPLETE, utc="x", elapsed_s=1))
    writer.close()
    again = load_session(path)
    assert again.blocks == SESSION.blocks
    assert again.failures == (FAILURE,)
    assert again.end is not None


def test_an_end_that_is_not_last_is_no_end() -> None:
    data = DATA + msgspec.json.encode(FAILURE) + b"\n"
    assert parse_session(data, source="x").end is None


def test_two_runs_cannot_write_one_session(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "s.jsonl", SESSION.header)
    with pytest.raises(OutputError, match="another run"):
        SessionWriter.reopen(tmp_path / "s.jsonl")
    writer.close()
    SessionWriter.reopen(tmp_path / "s.jsonl")[0].close()


def test_an_existing_session_is_not_replaced_without_force(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    SessionWriter.create(path, SESSION.header).close()
    with pytest.raises(OutputError, match="--force"):
        SessionWriter.create(path, SESSION.header)
    SessionWriter.create(path, SESSION.header, force=True).close()


def replaced(**changes: object) -> bytes:
    block = msgspec.structs.replace(SESSION.blocks[0], **changes)
    return b"\n".join([lines(SESSION)[0], msgspec.json.encode(block)]) + b"\n"


@pytest.mark.parametrize(
    "data",
    [
        replaced(slices_ns=dict.fromkeys(ARMS, (-5,))),
        replaced(slices_ns=dict.fromkeys(ARMS, (0,))),
        replaced(slices_ns=dict.fromkeys(ARMS, (10**18,))),
        replaced(slices_ns=dict.fromkeys(ARMS, ())),
        replaced(slices_ns=dict.fromkeys(ARMS[:3], (5,))),
        replaced(slices_ns={**dict.fromkeys(ARMS, (5,)), "in_out_2": (5, 6)}),
        replaced(calls=0),
        replaced(calls=10**400),
        replaced(pass_index=-1),
    ],
)
def test_impossible_times_are_refused_by_line(data: bytes) -> None:
    with pytest.raises(SessionError, match="line 2 of x holds impossible times"):
        parse_session(data, source="x")


def test_times_that_are_no_whole_numbers_are_refused_by_line() -> None:
    for value in (b"1e300", b"NaN", b'"5"', b"1.5"):
        first = SESSION.blocks[0].slices_ns["out_in_1"][0]
        data = DATA.replace(str(first).encode(), value, 1)
        with pytest.raises(SessionError, match="line 2 of x"):
            parse_session(data, source="x")


def test_doubled_blocks_unknown_cases_and_second_headers_are_refused_by_line() -> None:
    header, block = lines(SESSION)[:2]
    stranger = msgspec.json.encode(msgspec.structs.replace(SESSION.blocks[0], case="other"))
    for extra, complaint in ((block, "repeats pass 0"), (stranger, "unknown case"), (header, "second header")):
        with pytest.raises(SessionError, match=f"line 3 of x.*{complaint}"):
            parse_session(b"\n".join([header, block, extra]) + b"\n", source="x")


def test_a_newer_schema_is_refused_with_the_version() -> None:
    header = msgspec.json.encode(msgspec.structs.replace(SESSION.header, schema_version=7))
    with pytest.raises(SessionError, match="schema version 7"):
        parse_session(header + b"\n", source="x")


def test_a_session_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="No such file"):
        load_session(tmp_path / "s.jsonl")
    with pytest.raises(SessionError, match="without --resume"):
        SessionWriter.reopen(tmp_path / "s.jsonl")


def test_a_disk_that_fills_up_keeps_every_whole_line(tmp_path: Path) -> None:
    """A limit on the file's size fails the same call with the same kind of error as a full disk."""
    code = f"""
    import resource, sys
    sys.path[:0] = {sys.path!r}
    from tests.test_session import SESSION, SessionWriter, Path, OutputError
    writer = SessionWriter.create(Path({str(tmp_path / "s.jsonl")!r}), SESSION.header)
    size = Path({str(tmp_path / "s.jsonl")!r}).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1500, size + 1500))
    try:
        for block in SESSION.blocks:
            writer.append(block)
    except OutputError as error:
        print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert "--resume" in done.stdout
    session = load_session(tmp_path / "s.jsonl")
    assert 0 < len(session.blocks) < len(SESSION.blocks)
    assert (tmp_path / "s.jsonl").read_bytes().endswith(b"\n")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_made_up_blocks_are_possible() -> None:
    block = make_block(CASE, 0, factor=1.0, generator=random.Random(1))
    data = msgspec.json.encode(make_header((CASE,))) + b"\n" + msgspec.json.encode(block) + b"\n"
    assert parse_session(data, source="x").blocks == (block,)


def test_numbers_beyond_64_bits_are_refused_by_line() -> None:
    header = msgspec.structs.replace(
        SESSION.header, options=msgspec.structs.replace(SESSION.header.options, seed=10**400)
    )
    end = End(reason=EndReason.COMPLETE, utc="x", elapsed_s=1)
    failure = msgspec.structs.replace(FAILURE, exit_status=10**30)
    for records, line in (((header, end), 1), ((SESSION.header, failure), 2)):
        data = b"\n".join(map(msgspec.json.encode, records)) + b"\n"
        with pytest.raises(SessionError, match=f"line {line} of x holds a number beyond 64 bits"):
            parse_session(data, source="x")
