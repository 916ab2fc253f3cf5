"""The framing of pipes: a line is whole, in time and within its limit, or it is said what is wrong."""

import os
import signal
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.base.death import ChildError
from profiler.base.lines import LineReader, TooLongError, decode_answer
from profiler.base.signals import Stop, StopRequestedError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@settings(deadline=None)  # a pipe on a busy machine
@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=9))
def test_lines_come_out_as_they_went_in(lines: list[bytes]) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"\n".join(lines) + b"\nno end")
    os.close(writer)
    read = LineReader(reader)
    assert [read.next(1.0) for _ in lines] == lines
    assert read.next(1.0) is None  # a line without an end is none
    os.close(reader)


def test_a_line_may_come_in_pieces_but_not_too_late(pipe: tuple[int, int]) -> None:
    lines = LineReader(pipe[0])
    os.write(pipe[1], b"half a")
    with pytest.raises(TimeoutError):
        lines.next(0.05)
    os.write(pipe[1], b" line\n")
    assert lines.next(0.05) == b"half a line"


def test_a_line_that_does_not_end_is_refused(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x" * 101)
    with pytest.raises(TooLongError):
        LineReader(pipe[0], limit_bytes=100).next(60.0)


def test_a_request_to_stop_wakes_whoever_waits(pipe: tuple[int, int]) -> None:
    with Stop().on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopRequestedError):
            LineReader(pipe[0]).next(60.0, stop=stop)


@pytest.mark.parametrize("data", [b"", b"nonsense", b'"\xff"', b"[" * 100_000, b'{"a": 1}', b"null"])
def test_an_answer_that_is_none_is_told(data: bytes) -> None:
    with pytest.raises(ChildError, match=r"^printed what cannot be read: "):
        decode_answer(data, msgspec.json.Decoder(int))
