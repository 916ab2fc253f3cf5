"""Proof of what a file stores: re-opened, its operators, flags, dimensions and bytes read, nothing taken on trust.

One module per format. Export proves what it wrote; every worker proves what it is about to load.
"""

from pathlib import Path

from models.layout import WeightLayout
from profiler.errors import ArtifactError
from profiler.proof.stored import StoredModel, layouts_agree
from profiler.records import Artifact, ArtifactFormat, Form

__all__ = ["StoredModel", "check_claims", "prove"]


def prove(path: Path, file_format: ArtifactFormat) -> StoredModel:
    """What the file stores.

    Raises:
        ArtifactError: it is damaged, hostile, or its weights are not finite numbers.
        MissingPackageError: TorchScript without torch.
    """
    if file_format is ArtifactFormat.ONNX:
        from profiler.proof.onnx import prove_onnx

        return prove_onnx(path)
    if file_format is ArtifactFormat.TORCHSCRIPT:
        from profiler.proof.torchscript import prove_torchscript

        return prove_torchscript(path)
    from profiler.proof.arrays import prove_arrays

    return prove_arrays(path)


def check_claims(artifact: Artifact, stored: StoredModel, *, where: str) -> None:
    """Compare what a manifest claims of a file with what the file stores.

    Raises:
        ArtifactError: they differ.
    """
    claimed, found = _layouts(artifact.layers), _layouts(stored.layers)
    if len(claimed) != len(found) or not all(map(layouts_agree, artifact.layers, stored.layers)):
        raise ArtifactError(f"{where} stores {found}, its manifest claims {claimed}; export the bundle again")
    if artifact.operators != stored.operators:
        raise ArtifactError(
            f"{where} holds the operators {list(stored.operators)}, its manifest claims {list(artifact.operators)}"
        )
    if [layer.weight_sha256 for layer in artifact.layers] != [layer.weight_sha256 for layer in stored.layers]:
        raise ArtifactError(f"{where} stores other weights than its manifest claims; export the bundle again")
    if artifact.form is Form.CONTROLLED and not stored.is_stored_as(artifact.layout):
        raise ArtifactError(
            f"{where} is claimed as the controlled {artifact.layout} artifact but stores {found}; "
            "export the bundle again"
        )


def _layouts(layers: tuple) -> list[WeightLayout]:  # type: ignore[type-arg]
    return [layer.stored_layout for layer in layers]
