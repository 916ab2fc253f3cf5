"""Proves that a file holds an identity model: a copy, a cut or a padding, and no layer."""

from pathlib import Path

from profiler.artifacts.proof import prove
from profiler.artifacts.records import ArtifactFormat
from profiler.base.errors import ArtifactError

_OPERATORS = {"Identity", "Slice", "Pad", "aten::clone", "aten::narrow", "aten::slice", "aten::pad"}


def prove_identity(path: Path, file_format: ArtifactFormat) -> None:
    """Look into a file.

    Raises:
        ArtifactError: it is damaged, or holds anything else than an identity model.
    """
    stored = prove(path, file_format)
    foreign = set(stored.operators) - _OPERATORS
    if foreign or stored.layers or not stored.operators:
        held = ", ".join(sorted(foreign)) or f"{len(stored.layers)} layers"
        raise ArtifactError(f"{path} is no identity model, it holds {held[:200]}; export the bundle again")
