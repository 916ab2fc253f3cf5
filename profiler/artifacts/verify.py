"""Proves each written file: what it stores, byte for byte, and that it gives the float64 answer.

ONNX files are evaluated by the reference evaluator of the `onnx` package, which shares no code with any runtime that
is measured later.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator

from profiler.artifacts.answers import RightAnswer
from profiler.artifacts.proof import StoredModel, layout_of, prove
from profiler.artifacts.records import Artifact, ArtifactFormat, Form
from profiler.artifacts.torchscript.prove import load_module
from profiler.artifacts.weights import Layer, stored_layers
from profiler.base.errors import ExportError
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload
from profiler.runtimes.numpy import NumpyRuntime


def verify_artifact(
    path: Path, artifact: Artifact, workload: Workload, layers: list[Layer], answers: Sequence[RightAnswer]
) -> Artifact:
    """The artifact's entry completed by what was proved of its file.

    Raises:
        ExportError: a controlled file does not store what it should, or any file gives another answer.
    """
    stored = prove(path, artifact.format)
    if len(stored.layers) != len(layers):
        raise ExportError(f"{path.name} holds {len(stored.layers)} Linear layers, {len(layers)} were exported")
    _prove_bytes(path, artifact, stored, layers)
    max_error, tolerance = _prove_answers(path, artifact, workload, answers)
    return msgspec.structs.replace(
        artifact,
        operators=stored.operators,
        layers=stored.layers,
        stored_layout=layout_of(stored, artifact.layout),
        max_error=max_error,
        tolerance=tolerance,
        notes=tuple(_notes(artifact, stored)),
    )


def _prove_bytes(path: Path, artifact: Artifact, stored: StoredModel, layers: list[Layer]) -> None:
    """The bytes in the file are the weight in the layout the file's operators imply, and in no other."""
    expected = {
        layout: [hashlib.sha256(weight.data).hexdigest() for weight, _ in stored_layers(layers, layout)]
        for layout in WeightLayout
    }
    for index, layer in enumerate(stored.layers):
        if layer.weight_sha256 != expected[layer.stored_layout][index]:
            raise ExportError(f"{path.name}: {layer.operator} does not store weight {index} as {layer.stored_layout}")
    if artifact.form is Form.CONTROLLED and not stored.is_stored_as(artifact.layout):
        raise ExportError(f"{path.name} was exported as {artifact.layout} but stores {stored.stored_layout}")


def _prove_answers(
    path: Path, artifact: Artifact, workload: Workload, answers: Sequence[RightAnswer]
) -> tuple[float, float]:
    """The largest error over all answers, relative to its tolerance, and that tolerance."""
    evaluate = _evaluator(path, artifact.format, workload)
    worst = (0.0, 0.0, -1.0)
    for answer in answers:
        found = evaluate(answer.x)
        if found.shape != answer.y.shape:
            raise ExportError(f"{path.name} gives an answer of shape {found.shape} instead of {answer.y.shape}")
        error = np.abs(found - answer.y)
        at = np.unravel_index(int(np.argmax(error / answer.tolerance)), error.shape)
        worst = max(
            worst,
            (float(error[at]), float(answer.tolerance[at]), float(error[at] / answer.tolerance[at])),
            key=lambda entry: entry[2],
        )
    if not worst[2] <= 1:
        raise ExportError(f"{path.name} is off by {worst[0]:.3g} from the float64 answer, {worst[1]:.3g} is allowed")
    return worst[0], worst[1]


def _evaluator(path: Path, file_format: ArtifactFormat, workload: Workload) -> Callable[[np.ndarray], np.ndarray]:
    if file_format is ArtifactFormat.ONNX:
        session = ReferenceEvaluator(onnx.load(path))
        return lambda x: np.asarray(next(iter(session.run(None, {session.input_names[0]: x}))))
    if file_format is ArtifactFormat.TORCHSCRIPT:
        module = load_module(path)
        return lambda x: _call(module, x)
    return NumpyRuntime().load(path, workload, threads=1).answer


def _call(module: torch.jit.ScriptModule, x: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(module(torch.from_numpy(x)).numpy())


def _notes(artifact: Artifact, stored: StoredModel) -> list[str]:
    if stored.is_stored_as(artifact.layout):
        return []
    stored_as = stored.stored_layout or "a mix of both"
    return [
        f"rewritten: asked for {artifact.layout}, the exporter stored {stored_as} under {stored.layers[0].operator}"
    ]
