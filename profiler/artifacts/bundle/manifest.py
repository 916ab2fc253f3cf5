"""The manifest of a bundle: its text, and what must hold within it."""

import json

import msgspec

from profiler.artifacts.records import MANIFEST_SCHEMA, Manifest
from profiler.base.errors import BundleError
from profiler.base.record import version_problem

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 64_000_000


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


def format_manifest(manifest: Manifest) -> bytes:
    """The text of a manifest, readable by people too."""
    return json.dumps(msgspec.to_builtins(manifest), indent=1).encode() + b"\n"


def _check_references(manifest: Manifest, source: str) -> None:
    workloads = {workload.name for workload in manifest.workloads}
    if len(workloads) != len(manifest.workloads):
        raise BundleError(f"{source} names a workload twice")
    entries = manifest.entries
    for entry in entries:
        if entry.workload not in workloads:
            raise BundleError(f"{source}: {entry.path[:80]!r} belongs to an unknown workload {entry.workload[:80]!r}")
    if len({entry.path for entry in entries}) != len(entries):
        raise BundleError(f"{source} names a file twice")
    keys = [(a.workload, a.format, a.form, a.layout, a.input_rank) for a in manifest.artifacts]
    if len(set(keys)) != len(keys):
        raise BundleError(f"{source} holds two artifacts for the same workload, format, form, layout and input rank")
