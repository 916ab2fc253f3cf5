"""What comes from a board piece by piece: its log, and what is sent to it as tar."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.errors import OutputError
from profiler.measure.remote.follow import MAX_LINE_BYTES, Lines
from profiler.measure.remote.talk import SentFile, tar_chunks


def said(chunks: list[bytes]) -> list[str]:
    lines: list[str] = []
    stream = Lines(lines.append)
    for chunk in chunks:
        stream.add(chunk)
    assert stream.taken_bytes == sum(map(len, chunks))
    return lines


@given(st.lists(st.binary(max_size=60)))
def test_lines_are_the_same_however_they_come(chunks: list[bytes]) -> None:
    whole = said([b"".join(chunks)])
    assert said(chunks) == whole
    assert all(line.isprintable() for line in whole)


def test_a_line_that_never_ends_takes_no_memory() -> None:
    stream = Lines(lambda _: None)
    for _ in range(50):
        stream.add(b"x" * MAX_LINE_BYTES)
    assert len(stream._rest) == MAX_LINE_BYTES


def test_what_a_terminal_would_act_on_is_not_shown() -> None:
    assert said([b"run: \x1b[2Jdone\n\n"]) == ["run: ?[2Jdone"]


@given(st.dictionaries(st.from_regex(r"[a-z]{1,9}/[a-z]{1,150}", fullmatch=True), st.binary(max_size=1500), max_size=5))
def test_a_tar_holds_what_was_put_in(files: dict[str, bytes]) -> None:
    data = b"".join(tar_chunks(SentFile(name, content) for name, content in files.items()))
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
    assert found == files


def test_a_file_that_changes_while_it_is_sent_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    chunks = tar_chunks([SentFile("a", path)])
    next(chunks)
    path.write_bytes(b"123")
    with pytest.raises(OutputError, match="a changed while it was sent"):
        list(chunks)
