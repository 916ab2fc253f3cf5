"""A bundle as one zip file: its manifest is read in place, and as much is unpacked as is needed, while it is needed."""

import contextlib
import dataclasses
import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from profiler.artifacts.bundle.archive import ArchiveError, Member, read_members
from profiler.artifacts.bundle.folder import Bundle, open_bundle
from profiler.artifacts.bundle.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, parse_manifest
from profiler.artifacts.bundle.workspace import workspace
from profiler.artifacts.records import Entry, Manifest
from profiler.base.errors import BundleError, OutputError
from profiler.base.files import write_error

RESERVE_BYTES = 16 << 20  # for the session that is written meanwhile
_BLOCK_BYTES = 4096  # of a disk; a file takes whole ones
_CHUNK_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class ZippedBundle:
    """An opened zip. Its manifest is read, and holds for its files by name and size; no file has been read yet."""

    path: Path
    manifest: Manifest
    manifest_sha256: str
    manifest_member: Member
    members: dict[str, Member]

    @contextlib.contextmanager
    def unpacked(self, entries: Iterable[Entry], *, parent: Path, say: Callable[[str], None]) -> Iterator[Bundle]:
        """These files in a folder below `parent`, hashed as they are unpacked, while the block runs."""
        wanted = {entry.path: entry for entry in entries}
        self._refuse_missing(wanted)
        with workspace(parent) as folder:
            self._refuse_full_disk(folder, wanted.values())
            size_bytes = sum(entry.size_bytes for entry in wanted.values())
            say(f"unpacking {len(wanted)} of {len(self.members)} files of {self.path}, {size_bytes / 2**20:.1f} MiB")
            self._unpack(wanted.values(), folder)
            if _write(self._chunks(self.manifest_member), folder / MANIFEST_NAME) != self.manifest_sha256:
                raise BundleError(f"{self.path} was changed while it was read; {_advice(self.path)}")
            yield Bundle(folder, self.manifest, self.manifest_sha256, hashed=frozenset(wanted))

    def _refuse_missing(self, names: Iterable[str]) -> None:
        """Before anything is unpacked: writing thousands of files takes long."""
        missing = next((name for name in names if name not in self.members), None)
        if missing is not None:
            raise BundleError(f"{self.path} lacks {missing[:120]!r}; {_advice(self.path)}")

    def _refuse_full_disk(self, folder: Path, entries: Iterable[Entry]) -> None:
        blocks = sum(-(-entry.size_bytes // _BLOCK_BYTES) for entry in entries)
        needed, free = blocks * _BLOCK_BYTES + RESERVE_BYTES, shutil.disk_usage(folder).free
        if needed > free:
            raise OutputError(
                f"unpacking {self.path} needs {needed / 2**20:.1f} MiB and {free / 2**20:.1f} MiB are free in "
                f"{folder.parents[1]}; free some space, name fewer runtimes with --runtime, or write to another disk"
            )

    def _unpack(self, entries: Iterable[Entry], folder: Path) -> None:
        for entry in entries:
            sha256 = _write(self._chunks(self.members[entry.path]), folder / entry.path)
            if sha256 != entry.sha256:
                raise BundleError(
                    f"{entry.path[:120]!r} in {self.path} is not the file its manifest describes (SHA-256 "
                    f"{sha256[:12]}, expected {entry.sha256[:12]}); {_advice(self.path)}"
                )

    def _chunks(self, member: Member) -> Iterator[bytes]:
        """The bytes of a file of the zip, never more than it declares."""
        left = member.size_bytes
        try:
            with self.path.open("rb") as file:
                file.seek(member.start)
                while chunk := file.read(min(left, _CHUNK_BYTES)):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise _read_error(self.path, error) from error


AnyBundle = Bundle | ZippedBundle


@contextlib.contextmanager
def in_folder(
    bundle: AnyBundle,
    entries: Iterable[Entry],
    *,
    near: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Bundle]:
    """The bundle as a folder that holds at least these files, while the block runs.

    Files of a zip are hashed as they are written. They are on disk before the block begins: writing them later would
    disturb what is timed.

    Args:
        bundle: one in a folder stays where it is.
        entries: the files that are needed.
        near: a zip is unpacked below this folder, or the nearest above it that exists; None for beside the zip.
        say: told what is being done.

    Raises:
        BundleError: a file is missing, or not what the manifest describes.
        OutputError: there is no room, or no file can be written.
    """
    if isinstance(bundle, Bundle):
        yield bundle
        return
    parent = _beside(bundle.path) if near is None else _existing(near)
    with bundle.unpacked(entries, parent=parent, say=say) as folder:
        yield folder


def is_zip_name(path: Path) -> bool:
    """Whether a bundle of that name is written as a zip."""
    return path.suffix.lower() == ".zip"


def find_bundle(path: Path) -> AnyBundle:
    """The bundle at a path, be it a folder or a zip.

    Raises:
        BundleError: no bundle there, or one that is damaged, hostile or of another schema.
    """
    if path.exists() and not path.is_dir():
        return open_zip(path)
    return open_bundle(path)


def open_zip(path: Path) -> ZippedBundle:
    """Read the manifest of a zipped bundle.

    Raises:
        BundleError: it is no bundle, or one that is damaged, hostile or of another schema.
    """
    if not path.is_file():
        raise BundleError(f"{path} is a device or a pipe; a bundle is a folder or a zip file")
    try:
        with path.open("rb") as file:
            members = {member.name: member for member in read_members(file)}
            member = _take_manifest(members)
            text = _manifest_text(file, member)
    except ArchiveError as error:
        raise BundleError(f"{path} {error}; {_advice(path)}") from error
    except OSError as error:
        raise _read_error(path, error) from error
    manifest = parse_manifest(text, source=f"{MANIFEST_NAME} in {path}")
    bundle = ZippedBundle(path, manifest, hashlib.sha256(text).hexdigest(), member, members)
    _refuse_strangers(bundle)
    return bundle


def _take_manifest(members: dict[str, Member]) -> Member:
    if MANIFEST_NAME not in members:
        raise ArchiveError(f"holds no {MANIFEST_NAME}")
    return members.pop(MANIFEST_NAME)


def _manifest_text(file: IO[bytes], manifest: Member) -> bytes:
    if manifest.size_bytes > MAX_MANIFEST_BYTES:
        raise ArchiveError(f"has a manifest of {manifest.size_bytes} bytes; {MAX_MANIFEST_BYTES} are allowed")
    file.seek(manifest.start)
    text = file.read(manifest.size_bytes)
    if zlib.crc32(text) != manifest.crc32:
        raise ArchiveError(f"has a damaged {MANIFEST_NAME}")
    return text


def is_zipped_bundle(path: Path) -> bool:
    """Whether a file is a bundle and holds nothing else."""
    try:
        open_zip(path)
    except BundleError:
        return False
    return True


def _refuse_strangers(bundle: ZippedBundle) -> None:
    """Raises BundleError if the zip holds what the manifest does not name, or names with another size."""
    manifest = bundle.manifest
    sizes = {entry.path: entry.size_bytes for entry in manifest.entries}
    for name, member in bundle.members.items():
        shown = f"{bundle.path} holds {name[:120]!r}"
        if name not in sizes:
            raise BundleError(f"{shown}, which its manifest does not name; {_advice(bundle.path)}")
        if member.size_bytes != sizes[name]:
            raise BundleError(
                f"{shown} of {member.size_bytes} bytes, its manifest says {sizes[name]}; {_advice(bundle.path)}"
            )


def _write(chunks: Iterable[bytes], path: Path) -> str:
    """Write a new file and return its SHA-256."""
    digest = hashlib.sha256()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error
    return digest.hexdigest()


def _read_error(path: Path, error: OSError) -> BundleError:
    return BundleError(f"cannot read {path}: {error.strerror or error}")


def _advice(path: Path) -> str:
    return f"copy it again, or make it anew with: layout-profiler export -o {path.name}"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())


def _beside(path: Path) -> Path:
    """Where the zip lies, or where temporary files go if nothing can be written there."""
    folder = path.absolute().parent
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir())
