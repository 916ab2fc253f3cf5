"""The zip file of a bundle, read strictly: its files lie side by side, as they are, from the first byte to the list.

Nothing is compressed: weights hardly shrink, and so a file of n bytes can never become more than n. The list at the end
and the header before each file must say the same, and every byte belongs to one of them. Layouts: APPNOTE.TXT 6.3.10 of
PKWARE, sections 4.3.7 (file), 4.3.12 (list) and 4.3.16 (end).
"""

import dataclasses
import os
import stat
import struct
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import IO

MAX_ZIP_BYTES = 2**32 - 2  # what its fields of 32 bits can tell
MAX_LIST_BYTES = 16_000_000
_END = struct.Struct("<4s4H2LH")
_LISTED = struct.Struct("<4s6H3L5H2L")
_FILE = struct.Struct("<4s5H3L2H")
_NOT_TOLD = {0xFFFF, 0xFFFFFFFF}  # where zip64 tells it elsewhere
_ENCRYPTED = 0x2041
_HARMLESS = 0x0806  # names in UTF-8, and how hard a file was compressed
_FOLDER = 0x10  # as DOS marks one
_MAX_SHOWN = 120


class ArchiveError(Exception):
    """Not such a zip file. The message says what it is or has instead."""


@dataclasses.dataclass(frozen=True)
class Member:
    """A file of the zip: its bytes lie at `start`, `size_bytes` of them."""

    name: str
    start: int
    size_bytes: int
    crc32: int


@dataclasses.dataclass(frozen=True)
class _Listed:
    """A line of the list at the end. `packed_bytes` is what the file takes in the zip, `header_at` where it begins."""

    name: str
    flags: int
    method: int
    crc32: int
    packed_bytes: int
    size_bytes: int
    disk: int
    attributes: int
    header_at: int


def read_members(file: IO[bytes]) -> tuple[Member, ...]:
    """The files of a zip, in the order in which they lie there.

    Raises:
        ArchiveError: it is no zip, is cut short, or has anything that the zip of a bundle has not.
        OSError: it cannot be read.
    """
    listed, end = _read_list(file)
    _refuse_collisions(line.name for line in listed)
    members: list[Member] = []
    at = 0
    for line in sorted(listed, key=lambda line: line.header_at):
        if line.header_at != at:
            raise ArchiveError("has files that overlap, or bytes that belong to no file")
        member = _read_header(file, line)
        at = member.start + member.size_bytes
        members.append(member)
    if at != end:
        raise ArchiveError("has files that overlap, or bytes that belong to no file")
    return tuple(members)


def _read_list(file: IO[bytes]) -> tuple[list[_Listed], int]:
    """The list of files at the end of a zip, and where it begins."""
    size = file.seek(0, os.SEEK_END)
    start = _read(file, 0, min(4, size))
    if size < _END.size or not start.startswith(b"PK"):
        raise ArchiveError("is no zip file")
    end_at = size - _END.size
    signature, disk, list_disk, count_here, count, list_bytes, list_at, comment_bytes = _END.unpack(
        _read(file, end_at, _END.size)
    )
    if signature != b"PK\5\6" or comment_bytes:
        raise ArchiveError("is cut short, or something follows its end")
    if disk or list_disk or count != count_here:
        raise ArchiveError("is a part of a zip in several parts")
    if _NOT_TOLD & {count, list_bytes, list_at}:
        raise ArchiveError("is a zip64 file, larger than the zip of a bundle can be")
    if list_bytes > MAX_LIST_BYTES:
        raise ArchiveError(f"has a list of {list_bytes} bytes; {MAX_LIST_BYTES} are allowed")
    if list_at + list_bytes != end_at:
        raise ArchiveError("has something before its first file or after its list")
    return _parse_list(_read(file, list_at, list_bytes), count), list_at


def _parse_list(data: bytes, count: int) -> list[_Listed]:
    listed: list[_Listed] = []
    at = 0
    for _ in range(count):
        if at + _LISTED.size > len(data):
            raise ArchiveError("has a damaged list")
        (
            signature, _, _, flags, method, _, _, crc32, packed, size, name_bytes, extra_bytes, comment_bytes, disk, _,
            attributes, header_at,
        ) = _LISTED.unpack_from(data, at)  # fmt: skip
        at += _LISTED.size
        name = data[at : at + name_bytes]
        at += name_bytes + extra_bytes + comment_bytes
        if signature != b"PK\1\2" or at > len(data):
            raise ArchiveError("has a damaged list")
        line = _Listed(_decode(name), flags, method, crc32, packed, size, disk, attributes, header_at)
        problem = _problem(line)
        if problem:
            raise ArchiveError(f"holds {line.name[:_MAX_SHOWN]!r}, which {problem}")
        listed.append(line)
    if at != len(data):
        raise ArchiveError("has a damaged list")
    return listed


def _decode(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise ArchiveError(f"holds a name that is no UTF-8: {name[:_MAX_SHOWN]!r}") from error


def _problem(line: _Listed) -> str | None:
    """Why a file is not taken, None if it is."""
    kind = stat.S_IFMT(line.attributes >> 16)  # what Unix wrote there; 0 if nothing did
    rules = {
        "is a link, a folder or a device": (
            kind not in (0, stat.S_IFREG) or bool(line.attributes & _FOLDER) or line.name.endswith("/")
        ),
        "lies outside the bundle, or is named oddly": not is_relative(line.name),
        "is encrypted": bool(line.flags & _ENCRYPTED),
        "is compressed, as nothing in a bundle is (unpack it yourself and give the folder)": line.method != 0,
        "uses what the zip of a bundle does without": bool(line.flags & ~_HARMLESS) or line.disk != 0,
        "needs zip64": bool(_NOT_TOLD & {line.packed_bytes, line.size_bytes, line.header_at}),
        "has two sizes": line.packed_bytes != line.size_bytes,
    }
    return next((problem for problem, holds in rules.items() if holds), None)


def is_relative(name: str) -> bool:
    """Whether a name stays within the folder it is put in, and is written in the one usual way."""
    path = PurePosixPath(name)
    is_usual = path.as_posix() == name and name.isprintable() and "\\" not in name
    return is_usual and name != "." and not path.is_absolute() and ".." not in path.parts


def _refuse_collisions(names: Iterable[str]) -> None:
    """Raises ArchiveError if two names are one file, or file and folder, on some disk: FAT knows no case."""
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise ArchiveError(f"holds {seen[key][:_MAX_SHOWN]!r} and {name[:_MAX_SHOWN]!r}, which may be one file")
        seen[key] = name
    for key, name in seen.items():
        if any(str(parent) in seen for parent in PurePosixPath(key).parents):
            raise ArchiveError(f"holds {name[:_MAX_SHOWN]!r} below a file, as if that were a folder")


def _read_header(file: IO[bytes], line: _Listed) -> Member:
    signature, _, flags, method, _, _, crc32, packed, size, name_bytes, extra_bytes = _FILE.unpack(
        _read(file, line.header_at, _FILE.size)
    )
    if signature != b"PK\3\4":
        raise ArchiveError(f"has no file where its list names {line.name[:_MAX_SHOWN]!r}")
    name = _read(file, line.header_at + _FILE.size, name_bytes)
    found = (name, flags, method, crc32, packed, size)
    if found != (line.name.encode(), line.flags, line.method, line.crc32, line.packed_bytes, line.size_bytes):
        raise ArchiveError(f"says two things of {line.name[:_MAX_SHOWN]!r}")
    return Member(line.name, line.header_at + _FILE.size + name_bytes + extra_bytes, size, crc32)


def _read(file: IO[bytes], at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if len(data) != count:
        raise ArchiveError("is cut short")
    return data
