"""Receives a bundle, file by file: what is here already and sound is not sent again."""

import hashlib
import os
import sys
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from profiler.artifacts.bundle import MANIFEST_NAME, MAX_MANIFEST_BYTES, parse_manifest, safe_path
from profiler.artifacts.records import Entry
from profiler.base.errors import BundleError
from profiler.base.files import sha256_of, write_whole
from profiler.measure.remote.messages import BundleJob, Done, Missing

PARTIAL = ".part"
_CHUNK_BYTES = 1 << 20


def bundle_folder(base: Path, bundle: str) -> Path:
    """Where the bundle with that manifest lies."""
    return base / "bundles" / bundle


def missing(job: BundleJob) -> Missing:
    """Keep the manifest that comes on standard input, and say which of its files are not here whole.

    Raises:
        BundleError: it is not the manifest that was announced.
    """
    folder = bundle_folder(Path(job.base), job.bundle)
    text = sys.stdin.buffer.read(MAX_MANIFEST_BYTES + 1)
    if hashlib.sha256(text).hexdigest() != job.bundle:
        raise BundleError("the manifest did not arrive whole")
    manifest = parse_manifest(text, source="the manifest sent")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MANIFEST_NAME, text, force=True)
    disk = os.statvfs(folder)
    return Missing(
        paths=tuple(entry.path for entry in manifest.entries if not _is_whole(folder, entry)),
        free_bytes=disk.f_bavail * disk.f_frsize,
    )


def receive(job: BundleJob) -> Done:
    """Write the files that come as tar on standard input. Each appears whole, or not at all.

    Raises:
        BundleError: a file is not what the manifest describes, or the transfer was cut off.
    """
    folder = bundle_folder(Path(job.base), job.bundle)
    manifest = parse_manifest((folder / MANIFEST_NAME).read_bytes(), source="the manifest sent")
    wanted = {entry.path: entry for entry in manifest.entries}
    try:
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
            for member in tar:
                file, entry = tar.extractfile(member), wanted.get(member.name)
                if file is None or entry is None:
                    raise BundleError(f"the manifest does not name {member.name[:80]!r}")
                _write(folder, entry, file)
    except tarfile.TarError as error:
        raise BundleError("the transfer was cut off") from error
    return Done()


def _is_whole(folder: Path, entry: Entry) -> bool:
    try:
        path = safe_path(folder, entry.path)
        return path.stat().st_size == entry.size_bytes and sha256_of(path) == entry.sha256
    except (BundleError, OSError):
        return False


def _write(folder: Path, entry: Entry, file: IO[bytes]) -> None:
    relative = PurePosixPath(entry.path)
    if relative.is_absolute() or ".." in relative.parts:
        raise BundleError(f"the manifest names {entry.path[:80]!r}, which lies outside the bundle")
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as target:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != entry.sha256:
            raise BundleError(f"{entry.path[:80]} did not arrive whole")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
