"""Writes the archive that a Linux kernel unpacks into memory as its root: cpio in the format "newc".

Format: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import IO

ALIGNMENT = 4


class Initramfs:
    """An archive that is being written. Call `close` at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._number = 0
        self._folders: set[str] = set()

    def add_tree(self, source: Path, place: str, *, left_out: Iterable[str] = ()) -> None:
        """A folder with all that is in it, except entries of those names."""
        skipped = set(left_out)
        self._add_folders(place)
        for name, folders, files in os.walk(source):
            folders[:] = sorted(set(folders) - skipped)
            inner = f"{place}/{Path(name).relative_to(source)}".replace("/.", "").strip("/")
            for entry in (*folders, *sorted(set(files) - skipped)):
                self._add(Path(name, entry), f"{inner}/{entry}".strip("/"))

    def add_file(self, source: Path, place: str, *, mode: int = 0o644) -> None:
        """A file, and the folders it lies in."""
        self._add_folders(str(Path(place).parent))
        self._record(place, stat.S_IFREG | mode, source.read_bytes())

    def add_folder(self, place: str) -> None:
        """An empty folder, and those it lies in."""
        self._add_folders(place)

    def close(self) -> None:
        """Write the end."""
        self._record("TRAILER!!!", 0, b"")

    def _add(self, path: Path, place: str) -> None:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            self._add_folders(place)
        elif stat.S_ISLNK(mode):
            self._record(place, mode, str(path.readlink()).encode())
        elif stat.S_ISREG(mode):
            self._record(place, mode, path.read_bytes())

    def _add_folders(self, place: str) -> None:
        for folder in (*reversed(Path(place).parents), Path(place)):
            name = str(folder)
            if name not in {".", "/"} and name not in self._folders:
                self._folders.add(name)
                self._record(name, stat.S_IFDIR | 0o755, b"")

    def _record(self, place: str, mode: int, data: bytes) -> None:
        name = place.encode() + b"\0"
        self._number += 1
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (self._number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        for part in (head, data):
            self._file.write(part + bytes(-len(part) % ALIGNMENT))
