"""Exports the bundles that the claims measure."""

from pathlib import Path
from typing import Any

import msgspec

from profiler.artifacts.build import export_bundle
from profiler.artifacts.records import Form
from profiler.models.workload import Workload


def export(*, workloads: Any, folder: str, formats: list[str], forms: list[str] | None = None) -> str:
    """Write a bundle of workloads and return its folder."""
    export_bundle(
        msgspec.convert(workloads, tuple[Workload, ...]),
        Path(folder),
        suite="claims",
        formats=formats,
        forms=[Form(name) for name in forms or [Form.CONTROLLED]],
    )
    return folder
