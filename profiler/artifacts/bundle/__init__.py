"""The bundle, the seam between `export` and `run`: artifacts, and the manifest that vouches for them. Folder or zip."""

from profiler.artifacts.bundle.folder import Bundle, is_bundle, open_bundle, safe_path
from profiler.artifacts.bundle.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, format_manifest, parse_manifest
from profiler.artifacts.bundle.zipped import (
    AnyBundle,
    ZippedBundle,
    find_bundle,
    in_folder,
    is_zip_name,
    is_zipped_bundle,
    open_zip,
)

__all__ = [
    "MANIFEST_NAME",
    "MAX_MANIFEST_BYTES",
    "AnyBundle",
    "Bundle",
    "ZippedBundle",
    "find_bundle",
    "format_manifest",
    "in_folder",
    "is_bundle",
    "is_zip_name",
    "is_zipped_bundle",
    "open_bundle",
    "open_zip",
    "parse_manifest",
    "safe_path",
]
