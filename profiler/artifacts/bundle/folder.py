"""A bundle that is a folder."""

import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from profiler.artifacts.bundle.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, parse_manifest
from profiler.artifacts.records import Entry, Manifest
from profiler.base.errors import BundleError
from profiler.base.files import read_limited, sha256_of


@dataclasses.dataclass(frozen=True)
class Bundle:
    """An opened bundle. Its manifest is read; its files are not verified until `verify` has seen them.

    `hashed` names files whose SHA-256 was found right when this program wrote them.
    """

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    hashed: frozenset[str] = frozenset()

    def path_of(self, entry: Entry) -> Path:
        """Where a file of the bundle lies.

        Raises:
            BundleError: the name leads out of the bundle, or the file is a link or missing.
        """
        return safe_path(self.folder, entry.path)

    def verify(self, entries: Iterable[Entry]) -> None:
        """Hash each file and compare with the manifest.

        Raises:
            BundleError: a file is missing, outside the bundle, a link, or not what the manifest describes.
        """
        for entry in entries:
            path = self.path_of(entry)
            if entry.path in self.hashed:
                continue
            try:
                size, sha256 = path.stat().st_size, sha256_of(path)
            except OSError as error:
                raise BundleError(f"cannot read {path}: {error.strerror}") from error
            if (size, sha256) != (entry.size_bytes, entry.sha256):
                raise BundleError(
                    f"{path} is not the file its manifest describes (SHA-256 {sha256[:12]}, expected "
                    f"{entry.sha256[:12]}); copy the bundle again or export it anew"
                )


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle's manifest.

    Raises:
        BundleError: no bundle there, or a manifest that is damaged, hostile or of another schema.
    """
    path = folder / MANIFEST_NAME
    if not folder.exists():
        raise BundleError(f"there is no bundle {folder}; make one with: layout-profiler export -o {folder}")
    if not folder.is_dir():
        raise BundleError(f"{folder} is a file, not the folder of a bundle")
    if not path.is_file() or path.is_symlink():
        raise BundleError(f"{folder} is no bundle: it holds no {MANIFEST_NAME}")
    try:
        text = read_limited(path, MAX_MANIFEST_BYTES)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
    return Bundle(folder, parse_manifest(text, source=str(path)), hashlib.sha256(text).hexdigest())


def is_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle and holds nothing else."""
    try:
        manifest = open_bundle(folder).manifest
    except BundleError:
        return False
    known = {folder / MANIFEST_NAME} | {folder / entry.path for entry in manifest.entries}
    return all(path in known for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


def safe_path(folder: Path, name: str) -> Path:
    """The path of a bundle's file.

    Raises:
        BundleError: the name is absolute, leads out of the folder, or leads through a link.
    """
    relative = PurePosixPath(name)
    if not name or relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name:
        raise BundleError(f"the manifest in {folder} names {name[:120]!r}, which lies outside the bundle")
    path = folder
    try:
        for part in relative.parts:
            path = path / part
            if path.is_symlink():
                raise BundleError(f"{path} is a link; a bundle holds plain files only")
        is_file = path.is_file()
    except OSError as error:  # a name that is longer than any
        raise BundleError(f"the manifest in {folder} names {name[:120]!r}: {error.strerror}") from error
    if not is_file:
        raise BundleError(f"{path} is named by the manifest but missing; copy the bundle again or export it anew")
    return path
