"""The strict reading of zip files: what another writer may do, what an attacker would, and any bytes at all."""

import io
import stat
import struct
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.artifacts.bundle.archive import MAX_LIST_BYTES, ArchiveError, is_relative, read_members

FILES = {"manifest.json": b"{}", "a/one.bin": b"1" * 100, "a/two.bin": bytes(range(256))}
END = 22


def zip_of(files: dict[str, bytes], *, method: int = zipfile.ZIP_STORED, **fields: object) -> bytes:
    """Written by Python's zipfile; `fields` are set on every entry."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            for field, value in fields.items():
                setattr(info, field, value)
            archive.writestr(info, content)
    return file.getvalue()


PLAIN = zip_of(FILES)
LIST_AT = struct.unpack_from("<L", PLAIN, len(PLAIN) - 6)[0]


def put(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def problem_of(data: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        read_members(io.BytesIO(data))
    return str(caught.value)


def contents(data: bytes) -> dict[str, bytes]:
    return {m.name: data[m.start : m.start + m.size_bytes] for m in read_members(io.BytesIO(data))}


def test_members_are_found_as_python_wrote_them() -> None:
    assert contents(PLAIN) == FILES


def test_extra_fields_comments_and_names_in_utf8_are_no_reason_to_refuse() -> None:
    assert contents(zip_of({"ä.bin": b"x"}, extra=b"\x55\x54\x01\x00\x00", comment=b"hi")) == {"ä.bin": b"x"}


@pytest.mark.parametrize("size", [0, 1, 21, 22, 100, len(PLAIN) - END, len(PLAIN) - 1])
def test_a_zip_cut_anywhere_is_refused(size: int) -> None:
    assert problem_of(PLAIN[:size]).startswith("is ")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", "is no zip file", id="empty"),
        pytest.param(b"<html>" * 100, "is no zip file", id="web page"),
        pytest.param(PLAIN + b"\0", "something follows its end", id="trailing byte"),
        pytest.param(PLAIN + PLAIN, "before its first file", id="twice"),
        pytest.param(b"PK\3\4" + PLAIN, "before its first file", id="prepended"),
        pytest.param(put(PLAIN, len(PLAIN) - 2, b"\5\0"), "something follows its end", id="comment that is not there"),
        pytest.param(put(PLAIN, len(PLAIN) - 18, b"\1\0"), "several parts", id="second disk"),
        pytest.param(put(PLAIN, len(PLAIN) - 14, b"\xff\xff" * 2), "zip64", id="zip64"),
        pytest.param(put(PLAIN, len(PLAIN) - 14, b"\2\0\2\0"), "damaged list", id="count too low"),
        pytest.param(put(PLAIN, len(PLAIN) - 14, b"\4\0\4\0"), "damaged list", id="count too high"),
        pytest.param(
            put(PLAIN, len(PLAIN) - 10, struct.pack("<L", MAX_LIST_BYTES + 1)), "16000000 are allowed", id="huge list"
        ),
        pytest.param(zip_of(FILES, method=zipfile.ZIP_DEFLATED), "is compressed", id="deflated"),
        pytest.param(zip_of(FILES, method=zipfile.ZIP_LZMA), "is compressed", id="lzma"),
        pytest.param(zip_of({"a": b"0" * 10_000_000}, method=zipfile.ZIP_DEFLATED), "is compressed", id="ratio bomb"),
        pytest.param(zip_of({"a": b"x"}, external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link", id="link"),
        pytest.param(zip_of({"a": b"x"}, external_attr=(stat.S_IFCHR | 0o666) << 16), "or a device", id="device"),
        pytest.param(zip_of({"a": b""}, external_attr=0x10), "a folder", id="folder of DOS"),
        pytest.param(zip_of({"a/": b""}), "a folder", id="folder"),
        pytest.param(zip_of({"a": b"x", "A": b"y"}), "may be one file", id="case"),
        pytest.param(zip_of({"\u00e4": b"x", "a\u0308": b"y"}), "may be one file", id="accent in two ways"),
        pytest.param(zip_of({"a": b"x", "A/b": b"y"}), "below a file", id="file and folder"),
    ],
)
def test_each_kind_of_damage_and_attack_has_its_words(data: bytes, expected: str) -> None:
    assert expected in problem_of(data)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "a/../../up", "a\\b", "..\\up", "a//b", "./a", ".", "a/.", "a\nb", "a\x7f", "\u202eb"],
)  # fmt: skip
def test_names_that_lead_out_or_are_written_oddly_are_refused(name: str) -> None:
    assert not is_relative(name)
    assert "lies outside the bundle" in problem_of(zip_of({"manifest.json": b"{}", name: b"x"}))


def test_a_name_that_is_no_text_is_refused() -> None:
    assert "no UTF-8" in problem_of(PLAIN.replace(b"a/one.bin", b"a/\xff\xfe\xfd.bin"))


def test_a_name_with_a_null_is_refused() -> None:
    assert "lies outside" in problem_of(PLAIN.replace(b"a/one.bin", b"a/one\0bin"))


def test_a_name_given_twice_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns, and writes it all the same
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a", b"x")
            archive.writestr("a", b"y")
    assert "may be one file" in problem_of(file.getvalue())


# Fields of the first line of the list, and of the first file's header, by their place
@pytest.mark.parametrize(
    ("at", "value", "expected"),
    [
        pytest.param(LIST_AT, b"PK\1\3", "damaged list", id="signature of a line"),
        pytest.param(LIST_AT + 8, b"\1\0", "is encrypted", id="encrypted"),
        pytest.param(LIST_AT + 8, b"\0\x20", "is encrypted", id="masked headers"),
        pytest.param(LIST_AT + 8, b"\x08\0", "does without", id="written as a stream"),
        pytest.param(LIST_AT + 8, b"\x20\0", "does without", id="patch data"),
        pytest.param(LIST_AT + 34, b"\1\0", "does without", id="other disk"),
        pytest.param(LIST_AT + 16, b"\1\2\3\4", "says two things", id="other checksum"),
        pytest.param(LIST_AT + 20, b"\xff\xff\xff\xff", "zip64", id="size in zip64"),
        pytest.param(LIST_AT + 24, b"\3\0\0\0", "has two sizes", id="size that lies"),
        pytest.param(LIST_AT + 20, b"\3\0\0\0\3\0\0\0", "says two things", id="both sizes lie"),
        pytest.param(LIST_AT + 28, b"\xff\xff", "damaged list", id="name longer than the list"),
        pytest.param(LIST_AT + 42, b"\1\0\0\0", "overlap", id="begins elsewhere"),
        pytest.param(0, b"PK\3\5", "has no file", id="signature of a file"),
        pytest.param(26, b"\0\0", "says two things", id="name of no letter"),
        pytest.param(26, b"\xff\xff", "is cut short", id="name longer than the zip"),
        pytest.param(28, b"\1\0", "overlap", id="gap before the bytes"),
        pytest.param(30, b"M", "says two things", id="other name"),
    ],
)
def test_a_field_that_lies_is_found(at: int, value: bytes, expected: str) -> None:
    assert expected in problem_of(put(PLAIN, at, value))


def test_two_names_for_the_same_bytes_are_refused() -> None:
    """The trick of bombs without compression: many lines of the list point at one file."""
    first, second = (PLAIN.index(b"PK\1\2", at) for at in (LIST_AT, LIST_AT + 46))
    where = PLAIN[first + 42 : first + 46]
    assert "overlap" in problem_of(put(PLAIN, second + 42, where))


def test_bytes_between_files_are_refused() -> None:
    first, second, third = zipfile.ZipFile(io.BytesIO(PLAIN)).infolist()
    data = PLAIN[: second.header_offset] + b"hidden" + PLAIN[second.header_offset :]
    for info in (second, third):
        data = put(data, data.rindex(info.filename.encode()) - 4, struct.pack("<L", info.header_offset + 6))
    data = put(data, len(data) - 6, struct.pack("<L", LIST_AT + 6))
    assert first.header_offset == 0
    assert "bytes that belong to no file" in problem_of(data)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert problem_of(data)


@given(st.binary(max_size=60), st.integers(0, 8), st.integers(0, 60))
def test_any_list_is_read_or_refused(text: bytes, count: int, cut: int) -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(text), cut, 0)
    data = PLAIN[:cut] + text + end
    try:
        members = read_members(io.BytesIO(data))
    except ArchiveError:
        return
    assert sum(member.size_bytes for member in members) <= len(data)


_NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(is_relative)


@given(st.dictionaries(_NAMES, st.binary(max_size=50), max_size=6))
def test_whatever_is_read_is_what_was_written(files: dict[str, bytes]) -> None:
    try:
        found = contents(zip_of(files))
    except ArchiveError as error:
        assert "may be one file" in str(error) or "below a file" in str(error)  # noqa: PT017 - allowed, not expected
        return
    assert found == files


@pytest.mark.parametrize("added", [b"", b"\0\0"], ids=["lost", "added"])
def test_a_byte_lost_or_added_anywhere_is_noticed(added: bytes) -> None:
    for at in range(len(PLAIN)):
        assert problem_of(PLAIN[:at] + added + PLAIN[at + 1 :])
