"""The bundle, the seam between `export` and `run`: a folder of artifacts and the manifest that vouches for them.

As one zip file it is opened by `zipped`, which makes a folder of what is needed of it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from profiler.errors import BundleError
from profiler.files import read_limited, sha256_of
from profiler.records import MANIFEST_SCHEMA, Entry, Manifest

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 64_000_000


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
        BundleError: no bundle there, or a manifest that is damaged, hostile or newer than this program.
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


def parse_manifest(text: bytes, *, source: str) -> Manifest:
    """A manifest from its JSON text.

    Raises:
        BundleError: too long, no JSON, of a newer schema, an unknown field, a wrong type, or an impossible value.
    """
    if len(text) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{source} is longer than {MAX_MANIFEST_BYTES} bytes; that is no manifest")
    problem = version_problem(text, MANIFEST_SCHEMA)
    if problem:
        raise BundleError(f"{source} {problem}")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{source} is no valid manifest: {error}") from error
    _check_references(manifest, source)
    return manifest


def schema_version_of(text: bytes) -> int | None:
    """The `schema_version` of a JSON object, None if it has none that is a whole number."""

    class Versioned(msgspec.Struct):
        schema_version: int

    try:
        return msgspec.json.decode(text, type=Versioned).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def version_problem(text: bytes, newest: int, *, oldest: int = 1) -> str | None:
    """What is wrong with the schema version of a JSON object, None if nothing is or it has none."""
    version = schema_version_of(text)
    if version is None or oldest <= version <= newest:
        return None
    if version < 1:
        return f"has schema version {version}, which never was"
    if version < oldest:
        return f"has schema version {version}, which this program reads no more (from {oldest} on); measure again"
    return (
        f"has schema version {version}, this program reads up to {newest}; "
        "update it with: pip install --upgrade layout-profiler"
    )


def is_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle and holds nothing else."""
    try:
        manifest = open_bundle(folder).manifest
    except BundleError:
        return False
    entries: list[Entry] = [*manifest.artifacts, *manifest.answers, *manifest.identities]
    known = {folder / MANIFEST_NAME} | {folder / entry.path for entry in entries}
    return all(path in known for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


def format_manifest(manifest: Manifest) -> bytes:
    """The text of a manifest, readable by people too."""
    return json.dumps(msgspec.to_builtins(manifest), indent=1).encode() + b"\n"


def safe_path(folder: Path, name: str) -> Path:
    """The path of a bundle's file.

    Raises:
        BundleError: the name is absolute, leads out of the folder, or leads through a link.
    """
    relative = PurePosixPath(name)
    if not name or relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name:
        raise BundleError(f"the manifest in {folder} names {name[:120]!r}, which lies outside the bundle")
    path = folder
    for part in relative.parts:
        path = path / part
        if path.is_symlink():
            raise BundleError(f"{path} is a link; a bundle holds plain files only")
    if not path.is_file():
        raise BundleError(f"{path} is named by the manifest but missing; copy the bundle again or export it anew")
    return path


def _check_references(manifest: Manifest, source: str) -> None:
    workloads = {workload.name for workload in manifest.workloads}
    if len(workloads) != len(manifest.workloads):
        raise BundleError(f"{source} names a workload twice")
    entries: list[Entry] = [*manifest.artifacts, *manifest.answers, *manifest.identities]
    for entry in entries:
        if entry.workload not in workloads:
            raise BundleError(f"{source}: {entry.path[:80]!r} belongs to an unknown workload {entry.workload[:80]!r}")
    if len({entry.path for entry in entries}) != len(entries):
        raise BundleError(f"{source} names a file twice")
    keys = [(a.workload, a.format, a.form, a.layout, a.input_rank) for a in manifest.artifacts]
    if len(set(keys)) != len(keys):
        raise BundleError(f"{source} holds two artifacts for the same workload, format, form, layout and input rank")
