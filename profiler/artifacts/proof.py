"""Proof of what a file stores: re-opened, its operators, flags, dimensions and bytes read, nothing taken on trust.

Export proves what it wrote; every worker proves what it is about to load.
"""

from collections.abc import Sequence
from pathlib import Path

from profiler.artifacts.formats import file_format
from profiler.artifacts.records import Artifact, Form, LayerProof, part_names
from profiler.artifacts.stored import StoredModel, layouts_agree
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload


def prove(path: Path, format_name: str) -> StoredModel:
    """What the file stores.

    Raises:
        ArtifactError: it is damaged, hostile, or its weights are not finite numbers.
        MissingPackageError: reading it needs a package that is not installed.
    """
    return file_format(format_name).prover().prove(path)


def prove_identity(path: Path, format_name: str, parts: Sequence[str] = ()) -> None:
    """Prove that a file holds an identity model: a copy, a cut or a padding, and no layer.

    Args:
        path: the file.
        format_name: its file format.
        parts: the names of the files beside it that its manifest lists.

    Raises:
        ArtifactError: it is damaged, or holds anything else than an identity model.
    """
    prover = file_format(format_name).prover()
    stored = prover.prove(path)
    foreign = set(stored.operators) - prover.IDENTITY_OPERATORS
    if foreign or stored.layers or not stored.operators:
        held = ", ".join(sorted(foreign)) or f"{len(stored.layers)} layers"
        raise ArtifactError(f"{path} is no identity model, it holds {held[:200]}; export the bundle again")
    check_parts(parts, stored, where=str(path))


def check_entry(artifact: Artifact, stored: StoredModel, workload: Workload, *, where: str) -> None:
    """Compare what a manifest says of a file, and of its workload, with what the file stores.

    Raises:
        ArtifactError: they differ.
    """
    claimed, found = _layouts(artifact.layers), _layouts(stored.layers)
    if len(artifact.layers) != len(stored.layers) or not all(map(layouts_agree, artifact.layers, stored.layers)):
        raise ArtifactError(f"{where} stores {found}, its manifest claims {claimed}; export the bundle again")
    if artifact.operators != stored.operators:
        raise ArtifactError(
            f"{where} holds the operators {', '.join(stored.operators)}, its manifest claims "
            f"{', '.join(artifact.operators)}; export the bundle again"
        )
    if [layer.weight_sha256 for layer in artifact.layers] != [layer.weight_sha256 for layer in stored.layers]:
        raise ArtifactError(f"{where} stores other weights than its manifest claims; export the bundle again")
    check_parts(part_names(artifact.parts), stored, where=where)
    _check_shapes(stored, workload, where=where)
    _check_kind(artifact, stored, where=where)


def check_parts(listed: Sequence[str], stored: StoredModel, *, where: str) -> None:
    """Raises ArtifactError if a file needs other parts than its manifest lists: those would be read unhashed."""
    if sorted(listed) != sorted(stored.parts):
        words = [", ".join(sorted(names))[:200] or "no other file" for names in (stored.parts, listed)]
        raise ArtifactError(f"{where} needs {words[0]}, its manifest claims {words[1]}; export the bundle again")


def _check_shapes(stored: StoredModel, workload: Workload, *, where: str) -> None:
    shapes = [
        shape.weight_dims(layer.stored_layout) for shape, layer in zip(workload.layers, stored.layers, strict=False)
    ]
    if len(stored.layers) != len(workload.layers) or shapes != [layer.dims for layer in stored.layers]:
        dims = ", ".join("x".join(map(str, layer.dims)) for layer in stored.layers) or "no weights"
        raise ArtifactError(f"{where} stores {dims}, which is not {workload.label} with {workload.dimensions}")


def _check_kind(artifact: Artifact, stored: StoredModel, *, where: str) -> None:
    """Compare the number format, the layout and the form that a manifest tells with those that are stored."""
    layout = layout_of(stored, artifact.layout)
    found = layout or "a mix"
    if (artifact.dtype, artifact.stored_layout) != (stored.dtype, layout):
        claim = f"{artifact.dtype} as {artifact.stored_layout or 'a mix'}"
        dtype = stored.dtype or "several number formats"
        raise ArtifactError(f"{where} is claimed to store {claim}, it stores {dtype} as {found}")
    if artifact.form is Form.CONTROLLED and not stored.is_stored_as(artifact.layout):
        raise ArtifactError(
            f"{where} is claimed as the controlled {artifact.layout} artifact but stores {found}; "
            "export the bundle again"
        )


def check_pair(models: Sequence[StoredModel], *, where: str) -> None:
    """Both files of a controlled pair must hold the same operators, and so differ in the stored bytes alone.

    Raises:
        ArtifactError: they differ.
    """
    if len({model.operators for model in models}) > 1:
        listed = " against ".join(", ".join(model.operators) for model in models)
        raise ArtifactError(f"{where} is no controlled pair: its files hold {listed}")


def layout_of(stored: StoredModel, asked: WeightLayout) -> WeightLayout | None:
    """The layout a file is stored in, None for a mix. Where both are the same bytes, the one that was asked for."""
    return stored.stored_layout or (asked if stored.is_stored_as(asked) else None)


def _layouts(layers: Sequence[LayerProof]) -> str:
    return ", ".join(layer.stored_layout for layer in layers) or "no layer"
