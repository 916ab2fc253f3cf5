import tracemalloc
from pathlib import Path

import pytest

from profiler.base.errors import InputError
from profiler.base.files import read_input, read_limited

MIB = 1 << 20


def test_reading_a_file_takes_the_memory_of_the_file_and_not_of_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_bytes(b"x" * 3 * MIB)
    tracemalloc.start()
    try:
        data = read_limited(path, 4_000_000_000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert data == path.read_bytes()
    assert peak_bytes < 12 * MIB


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 12, 3 * MIB])
def test_at_most_one_byte_beyond_the_limit_is_read(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"y" * size)
    assert len(read_limited(path, 10)) == min(size, 11)
    assert len(read_limited(path, MIB)) == min(size, MIB + 1)


def test_a_file_that_was_given_is_read_up_to_its_limit_or_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"y" * 10)
    assert read_input(path, 10, what="such file") == b"y" * 10
    with pytest.raises(InputError, match="longer than 9 bytes; that is no such file"):
        read_input(path, 9, what="such file")
    with pytest.raises(InputError, match="cannot read"):
        read_input(tmp_path / "missing", 9, what="such file")
