"""Proves each written file: what it stores, byte for byte, and that it computes the float64 reference.

ONNX files are evaluated by the reference evaluator of the `onnx` package, which shares no code with any runtime that
is measured later.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from profiler.artifacts.formats import file_format
from profiler.artifacts.proof import check_parts, layout_of, prove
from profiler.artifacts.records import Artifact, Form, part_names
from profiler.artifacts.references import ReferenceValues
from profiler.artifacts.stored import StoredModel
from profiler.base.errors import ExportError
from profiler.models.layout import WeightLayout
from profiler.models.weight import Layer
from profiler.models.workload import Workload


def verify_artifact(
    path: Path,
    artifact: Artifact,
    workload: Workload,
    layers: Sequence[Layer],
    references: Sequence[ReferenceValues],
) -> Artifact:
    """The artifact's entry completed by what was proved of its file.

    Raises:
        ExportError: a controlled file does not store what it should, or any file computes something else.
    """
    stored = prove(path, artifact.format)
    if len(stored.layers) != len(layers):
        raise ExportError(f"{path.name} holds {len(stored.layers)} Linear layers, {len(layers)} were exported")
    check_parts(part_names(artifact.parts), stored, where=path.name)
    _prove_bytes(path, artifact, stored, layers)
    max_error, tolerance = _prove_outputs(path, artifact, workload, references)
    return msgspec.structs.replace(
        artifact,
        operators=stored.operators,
        layers=stored.layers,
        stored_layout=layout_of(stored, artifact.layout),
        max_error=max_error,
        tolerance=tolerance,
        notes=tuple(_notes(artifact, stored)),
    )


def _prove_bytes(path: Path, artifact: Artifact, stored: StoredModel, layers: Sequence[Layer]) -> None:
    """The bytes in the file are the weight in the layout the file's operators imply, and in no other."""
    expected = {
        layout: [hashlib.sha256(layer.stored_as(layout).weight.values.data).hexdigest() for layer in layers]
        for layout in WeightLayout
    }
    for index, layer in enumerate(stored.layers):
        if layer.weight_sha256 != expected[layer.stored_layout][index]:
            raise ExportError(f"{path.name}: {layer.operator} does not store weight {index} as {layer.stored_layout}")
    if artifact.dtype is not stored.dtype:
        raise ExportError(f"{path.name} was exported as {artifact.dtype} but stores {stored.dtype}")
    if artifact.form is Form.CONTROLLED and not stored.is_stored_as(artifact.layout):
        raise ExportError(f"{path.name} was exported as {artifact.layout} but stores {stored.stored_layout}")


def _prove_outputs(
    path: Path, artifact: Artifact, workload: Workload, references: Sequence[ReferenceValues]
) -> tuple[float, float]:
    """The largest error over all references, relative to its tolerance, and that tolerance."""
    evaluate = file_format(artifact.format).evaluator().load(path, workload)
    worst = (0.0, 0.0, -1.0)
    for reference in references:
        found = evaluate(reference.x)
        if found.shape != reference.y.shape:
            raise ExportError(f"{path.name} gives an answer of shape {found.shape} instead of {reference.y.shape}")
        error = np.abs(found - reference.y)
        at = np.unravel_index(int(np.argmax(error / reference.tolerance)), error.shape)
        worst = max(
            worst,
            (float(error[at]), float(reference.tolerance[at]), float(error[at] / reference.tolerance[at])),
            key=lambda entry: entry[2],
        )
    if not worst[2] <= 1:
        raise ExportError(f"{path.name} is off by {worst[0]:.3g} from the float64 answer, {worst[1]:.3g} is allowed")
    return worst[0], worst[1]


def _notes(artifact: Artifact, stored: StoredModel) -> list[str]:
    if stored.is_stored_as(artifact.layout):
        return []
    stored_as = stored.stored_layout or "a mix of both"
    return [
        f"rewritten: asked for {artifact.layout}, the exporter stored {stored_as} under {stored.layers[0].operator}"
    ]
