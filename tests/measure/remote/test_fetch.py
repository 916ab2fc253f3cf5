from pathlib import Path

import msgspec
import pytest

from profiler.base.errors import OutputError
from profiler.measure.remote.fetch import extends, save
from profiler.session.file import parse_session
from profiler.session.records import Header
from tests.sessions import make_case, make_header

_HEADER = msgspec.json.encode(make_header((make_case(),))) + b"\n"


def test_a_session_replaces_its_own_earlier_state_and_no_other(tmp_path: Path) -> None:
    session = parse_session(_HEADER, source="x")
    path = save(tmp_path / "out", _HEADER, session, force=False)
    assert path.read_bytes() == _HEADER
    path.write_bytes(_HEADER + b'{"torn')
    save(tmp_path / "out", _HEADER, session, force=False)
    path.write_bytes(_HEADER + b"{}\n")
    with pytest.raises(OutputError, match="exists already"):
        save(tmp_path / "out", _HEADER, session, force=False)
    assert path.read_bytes() == _HEADER + b"{}\n"
    save(tmp_path / "out", _HEADER, session, force=True)
    assert isinstance(parse_session(path.read_bytes(), source="x").header, Header)


@pytest.mark.parametrize(
    ("former", "now", "is_later"),
    [
        (b"a\nb\n", b"a\nb\nc\n", True),
        (b"a\nb\nto", b"a\nb\nc\n", True),
        (b"a\nb\n", b"a\n", False),
        (b"a\nx\n", b"a\nb\nc\n", False),
        (b"torn", b"a\n", False),
        (b"", b"a\n", False),
    ],
)
def test_a_later_state_begins_with_all_whole_lines(tmp_path: Path, former: bytes, now: bytes, is_later: bool) -> None:
    (tmp_path / "s").write_bytes(former)
    assert extends(tmp_path / "s", now) is is_later
