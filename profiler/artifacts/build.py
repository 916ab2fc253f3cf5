"""Builds a bundle: draws the weights, writes every artifact, proves it, and writes the manifest last."""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from profiler import __version__
from profiler.artifacts.answers import RightAnswer, right_answer
from profiler.artifacts.arrays.write import arrays
from profiler.artifacts.bundle import MANIFEST_NAME, format_manifest, is_zip_name
from profiler.artifacts.bundle.pack import new_bundle, refuse_oversize_zip
from profiler.artifacts.identity import prove_identity
from profiler.artifacts.onnx.write import controlled_onnx, identity_onnx, idiomatic_onnx
from profiler.artifacts.records import MANIFEST_SCHEMA, Answer, Artifact, ArtifactFormat, Form, Identity, Manifest
from profiler.artifacts.torchscript.write import identity_torchscript, torchscript
from profiler.artifacts.verify import verify_artifact
from profiler.artifacts.weights import Layer, derived_seed, draw_network, out_in_layers
from profiler.base.errors import ExportError, MemoryNeedError, OutputError
from profiler.base.files import sha256_of
from profiler.machine.memory import available_bytes
from profiler.machine.software import capture_software
from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, batch_rows, format_batch

WEIGHT_COPIES = 10  # seen: 9.0 at 6144x6144: modules, arrays, a file as message and as bytes, its proof, float64 blocks
VALUE_COPIES = 12  # of inputs, outputs and their errors in float64
BASE_BYTES = 300_000_000  # torch and its exporter
_SUFFIXES = {ArtifactFormat.ONNX: "onnx", ArtifactFormat.TORCHSCRIPT: "pt", ArtifactFormat.ARRAYS: "npz"}
Progress = Callable[[int, int, str], None]


@dataclasses.dataclass(frozen=True)
class _Target:
    """One file to write. `input_rank` is None where one file takes any rank."""

    format: ArtifactFormat
    form: Form
    layout: WeightLayout
    input_rank: int | None

    @property
    def file_name(self) -> str:
        rank = "" if self.input_rank is None else f"-rank{self.input_rank}"
        return f"{self.format}-{self.form}-{self.layout}{rank}.{_SUFFIXES[self.format]}"


def export_bundle(  # noqa: PLR0913 - one per option
    workloads: Sequence[Workload],
    output: Path,
    *,
    suite: str,
    formats: Sequence[ArtifactFormat] = tuple(ArtifactFormat),
    forms: Sequence[Form] = tuple(Form),
    seed: int = 0,
    force: bool = False,
    progress: Progress = lambda *_: None,
    networks: Mapping[str, MLP] | None = None,
) -> Manifest:
    """Write a bundle of every workload in both layouts, with drawn weights or those of the `networks` of their names.

    It is a folder, or one file if the name of `output` ends in .zip.

    Raises:
        MemoryNeedError: a workload does not fit into memory; raised before anything is allocated.
        ExportError: an exporter failed, or a file did not pass its proof.
        OutputError: the output exists, the disk is full or cannot be written.
    """
    for workload in workloads:
        refuse_oversize(workload, available_bytes=available_bytes())
    targets = {workload.name: list(_targets(workload, formats, forms)) for workload in workloads}
    total = sum(map(len, targets.values()))
    if total == 0:
        raise ExportError("nothing to export: arrays hold no operators, so they have no idiomatic form")
    if MANIFEST_NAME in targets:
        raise ExportError(f"a workload cannot be called {MANIFEST_NAME}; give it another name")
    artifacts: list[Artifact] = []
    answers: list[Answer] = []
    identities: list[Identity] = []
    needed = _bundle_bytes(workloads, targets)
    if is_zip_name(output):
        refuse_oversize_zip(needed)
        needed *= 2  # the files, and the zip of them
    with new_bundle(output, force=force) as temporary:
        _refuse_full_disk(temporary, needed)
        for workload in workloads:
            network = (networks or {}).get(workload.name) or draw_network(workload, seed=seed)
            layers = out_in_layers(network)
            right = _write_answers(temporary, workload, layers, seed, answers)
            for target in targets[workload.name]:
                progress(len(artifacts), total, f"{workload.name} {target.format} {target.form} {target.layout}")
                artifacts.append(_write_artifact(temporary, workload, target, network, layers, right))
            identities.extend(_write_identities(temporary, workload, formats))
        manifest = Manifest(
            schema_version=MANIFEST_SCHEMA,
            tool_version=__version__,
            software=capture_software(),
            suite=suite,
            seed=seed,
            workloads=tuple(workloads),
            artifacts=tuple(artifacts),
            answers=tuple(answers),
            identities=tuple(identities),
        )
        (temporary / MANIFEST_NAME).write_bytes(format_manifest(manifest))
        progress(total, total, "")
    return manifest


def needed_bytes(workload: Workload) -> int:
    """An upper estimate of the memory that exporting a workload takes."""
    rows = sum(batch_rows(batch_shape) for batch_shape in workload.batch_shapes)
    widest = max(workload.in_features, *(layer.out_features for layer in workload.layers))
    return BASE_BYTES + WEIGHT_COPIES * workload.weight_bytes(NumberFormat.FLOAT32) + 8 * VALUE_COPIES * rows * widest


def refuse_oversize(workload: Workload, *, available_bytes: int) -> None:
    """Raises MemoryNeedError, before anything is allocated, if a workload does not fit."""
    needed = needed_bytes(workload)
    if needed > available_bytes:
        batches = ", ".join(map(format_batch, workload.batch_shapes))
        raise MemoryNeedError(
            f"exporting {workload.name} (batch {batches}) needs about {needed / 2**30:.1f} GiB of memory and "
            f"{available_bytes / 2**30:.1f} GiB are available; export it on a larger machine or choose a smaller shape"
        )


def _bundle_bytes(workloads: Sequence[Workload], targets: dict[str, list[_Target]]) -> int:
    """About what the files of a bundle take."""
    return sum(
        workload.weight_bytes(NumberFormat.FLOAT32) * len(targets[workload.name])
        + (4 * workload.in_features + 16 * workload.out_features) * sum(map(batch_rows, workload.batch_shapes))
        for workload in workloads
    )


def _refuse_full_disk(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise OutputError(
            f"the bundle needs about {needed_bytes / 2**20:.0f} MiB and {free / 2**20:.0f} MiB are free where it shall "
            "be written; free some space, or leave out a --format or a --form"
        )


def _targets(workload: Workload, formats: Sequence[ArtifactFormat], forms: Sequence[Form]) -> Iterator[_Target]:
    ranks = sorted({len(batch_shape) + 1 for batch_shape in workload.batch_shapes})
    for file_format in formats:
        for form in forms:
            if file_format is ArtifactFormat.ARRAYS and form is Form.IDIOMATIC:
                continue  # arrays hold no operators: there is one way to write them
            for input_rank in ranks if file_format is ArtifactFormat.ONNX else (None,):
                for layout in WeightLayout:
                    yield _Target(file_format, form, layout, input_rank)


def _write_artifact(
    folder: Path,
    workload: Workload,
    target: _Target,
    network: MLP,
    layers: list[Layer],
    answers: list[RightAnswer],
) -> Artifact:
    path = folder / workload.name / target.file_name
    content = _content(workload, target, network, layers)
    path.write_bytes(content)
    entry = Artifact(
        path=f"{workload.name}/{target.file_name}",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        format=target.format,
        form=target.form,
        layout=target.layout,
        workload=workload.name,
        input_rank=target.input_rank,
        dtype=NumberFormat.FLOAT32,
        operators=(),
        layers=(),
        stored_layout=None,
        max_error=0.0,
        tolerance=0.0,
    )
    fitting = [answer for answer in answers if target.input_rank in (None, answer.x.ndim)]
    return verify_artifact(path, entry, workload, layers, fitting)


def _write_identities(folder: Path, workload: Workload, formats: Sequence[ArtifactFormat]) -> Iterator[Identity]:
    """The models that tell what a call costs by itself, for each format that has files of models."""
    ranks = sorted({len(batch_shape) + 1 for batch_shape in workload.batch_shapes})
    contents: list[tuple[ArtifactFormat, int | None, bytes]] = []
    if ArtifactFormat.ONNX in formats:
        contents += [(ArtifactFormat.ONNX, rank, identity_onnx(workload, input_rank=rank)) for rank in ranks]
    if ArtifactFormat.TORCHSCRIPT in formats:
        contents.append((ArtifactFormat.TORCHSCRIPT, None, identity_torchscript(workload)))
    for file_format, rank, content in contents:
        suffix = "" if rank is None else f"-rank{rank}"
        name = f"{workload.name}/{file_format}-identity{suffix}.{_SUFFIXES[file_format]}"
        (folder / name).write_bytes(content)
        prove_identity(folder / name, file_format)
        yield Identity(
            path=name,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            format=file_format,
            workload=workload.name,
            input_rank=rank,
        )


def _content(workload: Workload, target: _Target, network: MLP, layers: list[Layer]) -> bytes:
    if target.format is ArtifactFormat.ARRAYS:
        return arrays(layers, target.layout)
    is_controlled = target.form is Form.CONTROLLED
    if target.format is ArtifactFormat.TORCHSCRIPT:
        return torchscript(network.with_layout(target.layout, strict_linear=is_controlled))
    if target.input_rank is None:
        raise ExportError("an ONNX file declares the rank of its input")
    if is_controlled:
        return controlled_onnx(workload, layers, target.layout, input_rank=target.input_rank)
    return idiomatic_onnx(network.with_layout(target.layout), input_rank=target.input_rank)


def _write_answers(
    folder: Path, workload: Workload, layers: list[Layer], seed: int, answers: list[Answer]
) -> list[RightAnswer]:
    (folder / workload.name).mkdir()
    found = []
    for batch_shape in workload.batch_shapes:
        right = right_answer(workload, layers, batch_shape, seed=derived_seed(workload, seed))
        name = f"{workload.name}/answer-batch-{format_batch(batch_shape)}.npz"
        np.savez(folder / name, x=right.x, y=right.y, tolerance=right.tolerance)
        answers.append(
            Answer(
                path=name,
                sha256=sha256_of(folder / name),
                size_bytes=(folder / name).stat().st_size,
                workload=workload.name,
                batch_shape=batch_shape,
            )
        )
        found.append(right)
    return found
