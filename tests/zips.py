"""What tests of zipped bundles share: a small real bundle, the bytes of its zip, and the same zip forged."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from profiler.artifacts.bundle import MANIFEST_NAME
from profiler.artifacts.bundle.pack import write_zip
from profiler.artifacts.controls import BUNDLE

WORKLOAD = "linear-64x64"


def small_bundle(folder: Path) -> Path:
    """One workload of the controls: ten files and the manifest."""
    bundle = folder / "bundle"
    shutil.copytree(BUNDLE / WORKLOAD, bundle / WORKLOAD)
    manifest = json.loads((BUNDLE / MANIFEST_NAME).read_text())
    for key in ("artifacts", "references", "identities"):
        manifest[key] = [entry for entry in manifest[key] if entry["workload"] == WORKLOAD]
    manifest["workloads"] = [item for item in manifest["workloads"] if item["name"] == WORKLOAD]
    (bundle / MANIFEST_NAME).write_text(json.dumps(manifest))
    return bundle


def zip_of(folder: Path) -> bytes:
    """The zip of a bundle's folder."""
    file = io.BytesIO()
    write_zip(file, folder)
    return file.getvalue()


def forged(data: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """A zip of other contents, in order: name and bytes of each file, as they were changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def with_manifest(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The zip with another manifest, whose checksum fits."""

    def edit(files: dict[str, bytes]) -> None:
        manifest = json.loads(files[MANIFEST_NAME])
        change(manifest)
        files[MANIFEST_NAME] = json.dumps(manifest).encode()

    return forged(data, edit)
