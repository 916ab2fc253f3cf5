"""The manifest of a bundle: its text, and what must hold within it."""

import json
from collections.abc import Hashable, Iterable
from pathlib import PurePosixPath

import msgspec

from profiler.artifacts.formats import format_names, unknown_formats
from profiler.artifacts.records import MANIFEST_SCHEMA, Artifact, Identity, Manifest, Reference
from profiler.base.errors import BundleError
from profiler.base.record import version_problem

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 64_000_000


def parse_manifest(text: bytes, *, source: str) -> Manifest:
    """A manifest from its JSON text.

    Raises:
        BundleError: too long, no JSON, of another schema, an unknown field, a wrong type, or an impossible value.
    """
    if len(text) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{source} is longer than {MAX_MANIFEST_BYTES} bytes; that is no manifest")
    problem = version_problem(text, MANIFEST_SCHEMA, oldest=MANIFEST_SCHEMA, remedy="export the bundle again")
    if problem:
        raise BundleError(f"{source} {problem}")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{source} is no valid manifest: {error}") from error
    _check_references(manifest, source)
    return manifest


def format_manifest(manifest: Manifest) -> bytes:
    """The text of a manifest, readable by people too."""
    return json.dumps(msgspec.to_builtins(manifest), indent=1).encode() + b"\n"


def _check_references(manifest: Manifest, source: str) -> None:
    workloads = {workload.key for workload in manifest.workloads}
    if len(workloads) != len(manifest.workloads):
        raise BundleError(f"{source} names a workload twice")
    owners: tuple[Artifact | Identity | Reference, ...] = (*manifest.models, *manifest.references)
    for entry in owners:
        if entry.workload not in workloads:
            raise BundleError(f"{source}: {entry.path[:80]!r} belongs to an unknown workload {entry.workload[:80]!r}")
    if not _are_unlike(PurePosixPath(entry.path) for entry in manifest.entries):
        raise BundleError(f"{source} names a file twice")
    _check_formats(manifest, source)
    _check_parts(manifest, source)
    _check_keys(manifest, source)


def _check_formats(manifest: Manifest, source: str) -> None:
    unknown = unknown_formats(model.format for model in manifest.models)
    if unknown:
        raise BundleError(
            f"{source} holds files of the format {unknown[0][:80]!r}, which is not known here; there are "
            f"{', '.join(format_names())}: install the package that adds it, or export the bundle without it"
        )


def _check_parts(manifest: Manifest, source: str) -> None:
    """Refuse a part that does not lie beside its owner, where the owner's format looks for it."""
    for owner in manifest.models:
        for part in owner.parts:
            if PurePosixPath(part.path).parent != PurePosixPath(owner.path).parent:
                raise BundleError(f"{source}: {part.path[:80]!r} is a part of {owner.path[:80]!r} in another folder")


def _check_keys(manifest: Manifest, source: str) -> None:
    """Refuse two files of one kind: which of them is measured would be a matter of their order."""
    keys: tuple[tuple[str, list[Hashable]], ...] = (
        (
            "artifacts for the same workload, format, form, layout, input rank and number format",
            [
                (a.workload, a.format, a.form, a.layout, a.input_rank, a.batch_shape, a.dtype)
                for a in manifest.artifacts
            ],
        ),
        (
            "references for the same workload, batch and number format",
            [(r.workload, r.batch_shape, r.dtype) for r in manifest.references],
        ),
        (
            "identity models for the same workload, format, input rank and number format",
            [(i.workload, i.format, i.input_rank, i.batch_shape, i.dtype) for i in manifest.identities],
        ),
    )
    for words, found in keys:
        if not _are_unlike(found):
            raise BundleError(f"{source} holds two {words}")


def _are_unlike(values: Iterable[Hashable]) -> bool:
    listed = list(values)
    return len(set(listed)) == len(listed)
