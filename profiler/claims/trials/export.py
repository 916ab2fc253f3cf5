"""Bundles for the claims."""

from pathlib import Path
from typing import Any

import msgspec

from models.workload import Workload
from profiler.export.build import export_bundle
from profiler.records import ArtifactFormat, Form


def export(*, workloads: Any, folder: str, formats: list[str], forms: list[str] | None = None) -> str:
    """Write a bundle of workloads and return its folder."""
    export_bundle(
        msgspec.convert(workloads, tuple[Workload, ...]),
        Path(folder),
        suite="claims",
        formats=[ArtifactFormat(name) for name in formats],
        forms=[Form(name) for name in forms or [Form.CONTROLLED]],
    )
    return folder
