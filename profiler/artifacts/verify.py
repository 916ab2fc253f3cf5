"""Proves each written file: what it stores, byte for byte, and that it computes the float64 reference.

ONNX files are evaluated by the reference evaluator of the `onnx` package, which shares no code with any runtime that
is measured later.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from profiler.artifacts.formats import file_format
from profiler.artifacts.proof import check_parts, layout_of, prove
from profiler.artifacts.records import Artifact, Form, part_names
from profiler.artifacts.references import ReferenceValues
from profiler.artifacts.stored import StoredModel
from profiler.base.errors import ExportError
from profiler.models.exactness import WorstError, shape_problem, worst_error
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
    nearest = WorstError(0.0, 1.0, is_allowed=True)
    for reference in references:
        found = evaluate(reference.x)
        problem = shape_problem(found, reference.y)
        if problem is not None:
            raise ExportError(f"{path.name} {problem}")
        worst = worst_error(found, reference.y, reference.tolerance)
        if not worst.is_allowed:
            raise ExportError(f"{path.name} {worst.problem}")
        nearest = max(nearest, worst, key=lambda one: one.error / one.tolerance)
    return nearest.error, nearest.tolerance


def _notes(artifact: Artifact, stored: StoredModel) -> list[str]:
    if stored.is_stored_as(artifact.layout):
        return []
    stored_as = stored.stored_layout or "a mix of both"
    return [
        f"rewritten: asked for {artifact.layout}, the exporter stored {stored_as} under {stored.layers[0].operator}"
    ]
