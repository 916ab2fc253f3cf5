import errno
import json
import os
import random
import re
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.base.errors import OutputError, SessionError
from profiler.machine.records import Noise
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.session.arms import ARMS, Arm
from profiler.session.file import SessionWriter, load_session, options_problem, parse_session
from profiler.session.records import (
    SESSION_SCHEMA,
    ArmCost,
    ArmTimes,
    Block,
    ConditionsRecord,
    Cost,
    End,
    EndReason,
    Failure,
    Resume,
    Session,
    SessionRecord,
    Stage,
    Start,
    arm_times,
)
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
        with pytest.raises(SessionError, match="no session that anything can be read from"):
            parse_session(data, source="x")
        return
    session = parse_session(data, source="x")
    assert session.blocks == SESSION.blocks[: whole - 1]
    assert (session.end is not None) == (whole == len(lines(SESSION)))


def test_zeros_after_the_last_line_are_dropped_as_a_power_loss_leaves_them() -> None:
    assert parse_session(DATA + b"\0" * 4096, source="x") == SESSION


@given(st.integers(0, len(DATA)), st.integers(0, 3), st.integers(1, 3 * 4096), st.booleans())
@settings(max_examples=200)
def test_a_tail_that_was_never_synced_is_dropped_whatever_of_it_reached_the_disk(
    cut: int, lost: int, zeros: int, ends: bool
) -> None:
    """The last append may be there in part, as zeros, or with zeros in its middle and its newline at the end."""
    synced = DATA[: DATA.rfind(b"\n", 0, cut) + 1] or DATA[: DATA.index(b"\n") + 1]
    line = DATA[len(synced) : DATA.find(b"\n", len(synced)) + 1] or b'{"kind":"end"}\n'
    kept = line[: len(line) * lost // 4].rstrip(b"\n")
    tail = kept + b"\0" * zeros + (b'"}\n' if ends else b"")
    assert parse_session(synced + tail, source="x") == parse_session(synced, source="x")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\0" * 5000, "is empty"),
        (DATA[:200], "ends within its first line"),
        (DATA[:200] + b"\0" * 3000 + b"\n", "ends within its first line"),
    ],
)
def test_a_session_without_a_whole_line_says_so_and_can_be_started_anew(
    tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(data)
    for read in (load_session, SessionWriter.reopen):
        with pytest.raises(SessionError, match=f"{words}, as after a power loss .* --force"):
            read(path)
    assert path.read_bytes() == data
    SessionWriter.create(path, SESSION.header, force=True).close()
    assert load_session(path).header == SESSION.header


def test_zeros_are_cut_off_for_good_when_a_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(DATA + b'{"kind":' + b"\0" * 4096 + b"}\n")
    writer, session = SessionWriter.reopen(path)
    writer.close()
    assert session == SESSION
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space and go on with --resume"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only.*--resume"),
        (errno.EIO, "copy the session to another one"),
        (errno.ENXIO, "what was measured before is whole"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_card_that_fails_keeps_what_was_measured_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str, call: str
) -> None:
    path = tmp_path / "s.jsonl"
    writer = SessionWriter.create(path, SESSION.header)
    writer.append(SESSION.blocks[0])
    whole = path.read_bytes()

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(OutputError, match=f"cannot write .*{re.escape(os.strerror(number))}.*{advice}"):
            writer.append(SESSION.blocks[1])
    assert path.read_bytes() == whole
    writer.append(SESSION.blocks[1])  # once it works again
    writer.close()
    assert load_session(path).blocks == SESSION.blocks[:2]


def test_a_disk_that_is_full_from_the_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fail)
        with pytest.raises(OutputError) as caught:
            SessionWriter.create(tmp_path / "s.jsonl", SESSION.header)
    assert "--resume" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_every_folder_made_for_a_session_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("profiler.session.file._sync_folder", synced.append)
    SessionWriter.create(tmp_path / "a" / "b" / "s.jsonl", SESSION.header).close()
    assert set(synced) == {tmp_path / "a" / "b", tmp_path / "a", tmp_path}


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


def after_header(*records: SessionRecord) -> bytes:
    return b"\n".join(map(msgspec.json.encode, (SESSION.header, *records))) + b"\n"


def with_times(slices: dict[Arm, tuple[int, ...]], *more: ArmTimes) -> bytes:
    return with_set(arms=(*arm_times(slices), *more))


def with_set(**changes: object) -> bytes:
    block = SESSION.blocks[0]
    return after_header(msgspec.structs.replace(block, sets=(msgspec.structs.replace(block.sets[0], **changes),)))


@pytest.mark.parametrize(
    "data",
    [
        with_times(dict.fromkeys(ARMS, (-5,))),
        with_times(dict.fromkeys(ARMS, (0,))),
        with_times(dict.fromkeys(ARMS, (10**18,))),
        with_times(dict.fromkeys(ARMS, ())),
        with_times(dict.fromkeys(ARMS[:3], (5,))),
        with_times({**dict.fromkeys(ARMS, (5,)), ARMS[3]: (5, 6)}),
        with_times({**dict.fromkeys(ARMS, (5,)), Arm(WeightLayout.IN_OUT, 3): (5,)}),
        with_times({**dict.fromkeys(ARMS[:3], (5,)), Arm(WeightLayout.IN_OUT, 3): (5,)}),
        with_times(dict.fromkeys(ARMS, (5,)), *arm_times({ARMS[0]: (5,)})),
        with_times({}),
        with_set(calls=0),
        with_set(calls=-1),
        with_set(calls=10**400),
        with_set(identity_calls=-1),
        with_set(identity_calls=0),
        with_set(identity_ns=(0,)),
        with_set(identity_ns=(-7,)),
        with_set(identity_ns=(10**18,)),
        with_set(load_s=-0.1),
        with_set(load_s=1e300),
        with_set(rounds_s=-1e-9),
        with_set(rounds_s=10**9),
        after_header(msgspec.structs.replace(SESSION.blocks[0], sets=())),
    ],
)
def test_impossible_times_are_refused_by_line(data: bytes) -> None:
    with pytest.raises(SessionError, match="line 2 of x holds impossible times"):
        parse_session(data, source="x")


def test_a_block_may_have_several_sets_and_no_identity_times() -> None:
    (arm_set,) = SESSION.blocks[0].sets
    bare = msgspec.structs.replace(arm_set, identity_calls=0, identity_ns=())
    block = msgspec.structs.replace(SESSION.blocks[0], sets=(arm_set, bare))
    assert parse_session(after_header(block), source="x").blocks == (block,)


def test_times_that_are_no_whole_numbers_are_refused_by_line() -> None:
    for value in (b"1e300", b"NaN", b'"5"', b"1.5", b"Infinity", b"null"):
        first = SESSION.blocks[0].sets[0].slices_ns[ARMS[0]][0]
        data = DATA.replace(str(first).encode(), value, 1)
        with pytest.raises(SessionError, match="line 2 of x"):
            parse_session(data, source="x")


QUIET = Noise(canary_s=(1e-5, 1.1e-5), elapsed_s=0.06, cpu_s=0.05, other_cpu_s=0.0, swapped_pages=0)
BLOCK: Block = msgspec.structs.replace(SESSION.blocks[0], noise=QUIET)
COST = Cost(
    case=CASE.id,
    pass_index=0,
    arms={layout: ArmCost(load_s=0.25, first_call_s=0.125, peak_bytes=1000) for layout in WeightLayout},
)
START = Start(runtime="numpy", pass_index=0, start_s=0.5)
MOMENT = ConditionsRecord(
    pass_index=0,
    conditions=msgspec.structs.replace(SESSION.header.hardware.conditions, canary_s=1e-5, wall_s=0.0, suspended_s=0.0),
)
RESUME = Resume(utc="x", tool_version="x", conditions=MOMENT.conditions)
END = End(reason=EndReason.COMPLETE, utc="x", elapsed_s=1.0)
NUMBERS: list[tuple[SessionRecord, tuple[str | int, ...]]] = [
    (BLOCK, ("at_s",)),
    (BLOCK, ("pass_index",)),
    (BLOCK, ("attempt",)),
    (BLOCK, ("sets", 0, "load_s")),
    (BLOCK, ("sets", 0, "rounds_s")),
    (BLOCK, ("sets", 0, "calls")),
    (BLOCK, ("sets", 0, "identity_calls")),
    (BLOCK, ("sets", 0, "identity_ns", 3)),
    (BLOCK, ("sets", 0, "arms", 3, "slices_ns", 10)),
    (BLOCK, ("noise", "canary_s", 1)),
    (BLOCK, ("noise", "elapsed_s")),
    (BLOCK, ("noise", "cpu_s")),
    (BLOCK, ("noise", "other_cpu_s")),
    (COST, ("pass_index",)),
    (COST, ("arms", "in_out", "load_s")),
    (COST, ("arms", "out_in", "first_call_s")),
    (COST, ("arms", "out_in", "peak_bytes")),
    (START, ("start_s",)),
    (START, ("pass_index",)),
    (MOMENT, ("conditions", "at_s")),
    (MOMENT, ("conditions", "canary_s")),
    (MOMENT, ("conditions", "suspended_s")),
    (MOMENT, ("pass_index",)),
    (RESUME, ("conditions", "at_s")),
    (END, ("elapsed_s",)),
]


@pytest.mark.parametrize("value", ["-1", "-0.001", "NaN", "Infinity", "1e300", "-1e300", str(10**20), str(10**400)])
@pytest.mark.parametrize(
    ("record", "place"), NUMBERS, ids=[f"{type(record).__name__} {place}" for record, place in NUMBERS]
)
def test_a_number_edited_by_hand_is_refused_by_line(
    record: SessionRecord, place: tuple[str | int, ...], value: str
) -> None:
    line = json.loads(msgspec.json.encode(record))
    inner = line
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "HERE"
    text = json.dumps(line).replace('"HERE"', value).encode()
    whole = msgspec.json.encode(SESSION.header) + b"\n" + text + b"\n"
    with pytest.raises(SessionError, match=r"line 2 of x"):
        parse_session(whole, source="x")
    parse_session(after_header(record), source="x")


def test_a_clock_may_have_gone_backwards() -> None:
    moment = msgspec.structs.replace(MOMENT, conditions=msgspec.structs.replace(MOMENT.conditions, wall_s=-3600.0))
    assert parse_session(after_header(moment), source="x").conditions == (moment,)


@pytest.mark.parametrize(
    "arms",
    [
        {},
        {"in_out": {"load_s": 1.0, "first_call_s": 1.0}},
        {layout.value: {"load_s": 0.0, "first_call_s": 1.0} for layout in WeightLayout},
        {layout.value: {"load_s": 1.0, "first_call_s": 0.0} for layout in WeightLayout},
    ],
)
def test_impossible_costs_are_refused_by_line(arms: dict[str, object]) -> None:
    """Their logarithm is taken."""
    line = {**json.loads(msgspec.json.encode(COST)), "arms": arms}
    with pytest.raises(SessionError, match="line 2 of x holds impossible costs"):
        parse_session(msgspec.json.encode(SESSION.header) + b"\n" + json.dumps(line).encode() + b"\n", source="x")


def test_a_pass_may_have_another_attempt_and_not_the_same_one_twice() -> None:
    again = msgspec.structs.replace(SESSION.blocks[0], attempt=1)
    assert parse_session(after_header(SESSION.blocks[0], again), source="x").blocks == (SESSION.blocks[0], again)
    with pytest.raises(SessionError, match="line 4 of x repeats pass 0"):
        parse_session(after_header(SESSION.blocks[0], again, again), source="x")


def header_with(**changes: object) -> bytes:
    options = msgspec.structs.replace(SESSION.header.options, **changes)
    return msgspec.json.encode(msgspec.structs.replace(SESSION.header, options=options)) + b"\n"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"looks": ()}, "looks"),
        ({"looks": (8, 8)}, "looks"),
        ({"looks": (12, 8)}, "looks"),
        ({"looks": (0, 8)}, "looks"),
        ({"looks": (-8,)}, "looks"),
        ({"looks": (10**9,)}, "looks"),
        ({"margin": 0.0}, "margin"),
        ({"margin": -0.03}, "margin"),
        ({"margin": 0.6}, "margin"),
        ({"margin": 3.0}, "margin"),
        ({"confidence_level": 0.2}, "confidence"),
        ({"confidence_level": 1.0}, "confidence"),
        ({"confidence_level": -1.0}, "confidence"),
        ({"confidence_level": 95.0}, "confidence"),
        ({"rounds": 0}, "rounds"),
        ({"threads": [-1]}, "threads"),
        ({"threads": []}, "threads"),
        ({"threads": [2, 2]}, "threads"),
        ({"copies": 0}, "copies"),
    ],
)
def test_impossible_options_are_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(SessionError, match=f"line 1 of x holds impossible options: .*{complaint}"):
        parse_session(header_with(**changes), source="x")
    assert parse_session(header_with(), source="x").header == SESSION.header


def test_workloads_of_one_key_are_refused_since_either_could_be_measured() -> None:
    (one,) = SESSION.header.workloads
    spaced = msgspec.structs.replace(one, name="Foo Bar")
    for twins in ((one, one), (one, spaced, msgspec.structs.replace(one, name=spaced.key))):
        header = msgspec.structs.replace(SESSION.header, workloads=twins)
        with pytest.raises(SessionError, match=r"^line 1 of x names a workload twice$"):
            parse_session(msgspec.json.encode(header) + b"\n", source="x")


def test_doubled_blocks_unknown_cases_and_second_headers_are_refused_by_line() -> None:
    header, block = lines(SESSION)[:2]
    stranger = msgspec.json.encode(msgspec.structs.replace(SESSION.blocks[0], case="other"))
    for extra, complaint in ((block, "repeats pass 0"), (stranger, "unknown case"), (header, "second header")):
        with pytest.raises(SessionError, match=f"line 3 of x.*{complaint}"):
            parse_session(b"\n".join([header, block, extra]) + b"\n", source="x")


@pytest.mark.parametrize(
    ("version", "advice"),
    [(1, "reads no more .* measure again"), (99, "pip install --upgrade"), (0, "never was"), (-3, "never was")],
)
def test_another_schema_is_refused_with_its_version_and_advice(version: int, advice: str) -> None:
    """An older line has other fields: the version speaks before any of them is looked at."""
    line = {**json.loads(msgspec.json.encode(SESSION.header)), "schema_version": version, "passes": 10}
    with pytest.raises(SessionError, match=f"x has schema version {version}.*{advice}"):
        parse_session(json.dumps(line).encode() + b"\n", source="x")


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
    from tests.session.test_session import SESSION, SessionWriter, Path, OutputError
    writer = SessionWriter.create(Path({str(tmp_path / "s.jsonl")!r}), SESSION.header)
    size = Path({str(tmp_path / "s.jsonl")!r}).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 2500, size + 2500))
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


def test_reading_a_session_takes_no_more_memory_than_it_is_long(tmp_path: Path) -> None:
    """The limit of 4 GB was set aside, which a board of 1 GB refuses."""
    path = tmp_path / "s.jsonl"
    path.write_bytes(DATA)
    code = f"""
    import resource, sys
    sys.path[:0] = {sys.path!r}
    from pathlib import Path
    from profiler.session.file import SessionWriter, load_session
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    print(len(load_session(Path({str(path)!r})).blocks), len(SessionWriter.reopen(Path({str(path)!r}))[1].blocks))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(SESSION.blocks))] * 2


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
        with pytest.raises(SessionError, match=f"line {line} of x holds an impossible number"):
            parse_session(data, source="x")


def test_a_case_in_a_number_format_that_was_not_asked_for_is_refused() -> None:
    other = msgspec.structs.replace(CASE, dtype=NumberFormat.INT8)
    header = msgspec.structs.replace(SESSION.header, cases=(other,))
    with pytest.raises(SessionError, match="which its options exclude"):
        parse_session(msgspec.json.encode(header) + b"\n", source="x")


def test_number_formats_are_named_and_each_once() -> None:
    for dtypes in ((), (NumberFormat.FLOAT32, NumberFormat.FLOAT32)):
        wrong = msgspec.structs.replace(SESSION.header.options, dtypes=dtypes)
        assert options_problem(wrong) == "number formats are named, each once"


def test_a_session_of_the_schema_before_is_refused_in_one_line_that_says_to_measure_again() -> None:
    old = msgspec.structs.replace(SESSION.header, schema_version=SESSION_SCHEMA - 1)
    with pytest.raises(SessionError, match=r"reads no more .*; measure again"):
        parse_session(msgspec.json.encode(old) + b"\n", source="x")
