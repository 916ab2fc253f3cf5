"""Proof of what a file stores: re-opened, its operators, flags, dimensions and bytes read, nothing taken on trust.

One module per format. Export proves what it wrote; every worker proves what it is about to load.
"""

from collections.abc import Sequence
from pathlib import Path

from profiler.artifacts.records import Artifact, ArtifactFormat, Form, LayerProof
from profiler.artifacts.stored import StoredModel, layouts_agree
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload

__all__ = ["StoredModel", "check_claims", "check_pair", "layout_of", "prove"]


def prove(path: Path, file_format: ArtifactFormat) -> StoredModel:
    """What the file stores.

    Raises:
        ArtifactError: it is damaged, hostile, or its weights are not finite numbers.
        MissingPackageError: TorchScript without torch.
    """
    if file_format is ArtifactFormat.ONNX:
        from profiler.artifacts.onnx.prove import prove_onnx

        return prove_onnx(path)
    if file_format is ArtifactFormat.TORCHSCRIPT:
        from profiler.artifacts.torchscript.prove import prove_torchscript

        return prove_torchscript(path)
    from profiler.artifacts.arrays.prove import prove_arrays

    return prove_arrays(path)


def check_claims(artifact: Artifact, stored: StoredModel, workload: Workload, *, where: str) -> None:
    """Compare what a manifest claims of a file, and of its workload, with what the file stores.

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
    shapes = [
        shape.weight_dims(layer.stored_layout) for shape, layer in zip(workload.layers, stored.layers, strict=False)
    ]
    if len(stored.layers) != len(workload.layers) or shapes != [layer.dims for layer in stored.layers]:
        dims = ", ".join("x".join(map(str, layer.dims)) for layer in stored.layers) or "no weights"
        raise ArtifactError(f"{where} stores {dims}, which is not {workload.name} with {workload.dimensions}")
    if (artifact.dtype, artifact.stored_layout) != (NumberFormat.FLOAT32, layout_of(stored, artifact.layout)):
        found = layout_of(stored, artifact.layout) or "a mix"
        claim = f"{artifact.dtype} as {artifact.stored_layout or 'a mix'}"
        raise ArtifactError(f"{where} is claimed to store {claim}, it stores float32 as {found}")
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
