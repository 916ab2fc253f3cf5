"""Builds a bundle: draws the weights, writes every artifact, proves it, and writes the manifest last."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from profiler import __version__
from profiler.artifacts.bundle import MANIFEST_NAME, format_manifest, is_zip_name
from profiler.artifacts.bundle.pack import new_bundle, refuse_oversize_zip
from profiler.artifacts.formats import BUILT_IN, FileFormat, file_format
from profiler.artifacts.proof import prove_identity
from profiler.artifacts.protocol import ExportSource
from profiler.artifacts.records import MANIFEST_SCHEMA, Artifact, Form, Identity, Manifest, Part, Reference, part_names
from profiler.artifacts.references import ReferenceValues, compute_reference, write_reference
from profiler.artifacts.sizes import bundle_bytes, refuse_full_disk, refuse_oversize
from profiler.artifacts.targets import Target, identity_name, inputs_of, reference_name, targets_of
from profiler.artifacts.verify import verify_artifact
from profiler.artifacts.weights import derived_seed, draw_network, in_number_format, out_in_layers
from profiler.base.errors import ExportError, ProfilerError
from profiler.base.files import sha256_of
from profiler.machine.memory import available_bytes
from profiler.machine.software import capture_software
from profiler.models.networks import MLP
from profiler.models.number_format import NumberFormat
from profiler.models.weight import Layer
from profiler.models.workload import Workload

Progress = Callable[[int, int, str], None]


def export_bundle(  # noqa: PLR0913 - one per option
    workloads: Sequence[Workload],
    output: Path,
    *,
    suite: str,
    formats: Sequence[str] = tuple(BUILT_IN),
    forms: Sequence[Form] = tuple(Form),
    dtypes: Sequence[NumberFormat] = (NumberFormat.FLOAT32,),
    seed: int = 0,
    force: bool = False,
    progress: Progress = lambda *_: None,
    networks: Mapping[str, MLP] | None = None,
) -> Manifest:
    """Write a bundle of every workload in both layouts, with drawn weights or those of the `networks` of their names.

    It is a folder, or one file if the name of `output` ends in .zip.

    Raises:
        MissingPackageError: a format needs a package that is not installed.
        MemoryNeedError: a workload does not fit into memory; raised before anything is allocated.
        ExportError: an exporter failed, or a file did not pass its proof, or a format cannot hold a number format.
        OutputError: the output exists, the disk is full or cannot be written.
    """
    chosen = [_usable(name, dtypes) for name in formats]
    for workload in workloads:
        refuse_oversize(workload, available_bytes=available_bytes(), dtypes=dtypes)
    targets = {workload.key: list(targets_of(workload, chosen, forms, dtypes)) for workload in workloads}
    total = sum(map(len, targets.values()))
    if total == 0:
        words = ", ".join(item.words for item in chosen)
        raise ExportError(f"nothing to export: {words} have no {' or '.join(forms)} form")
    needed = sum(bundle_bytes(workload, targets[workload.key], dtypes) for workload in workloads)
    if is_zip_name(output):
        refuse_oversize_zip(needed)
        needed *= 2  # the files, and the zip of them
    with new_bundle(output, force=force) as folder:
        refuse_full_disk(folder, needed)
        export = _Export(folder, seed=seed, total=total, progress=progress)
        for workload in workloads:
            network = (networks or {}).get(workload.name) or draw_network(workload, seed=seed)
            export.write(workload, network, chosen, targets[workload.key], dtypes)
        manifest = export.manifest(workloads, suite=suite)
        (folder / MANIFEST_NAME).write_bytes(format_manifest(manifest))
        progress(total, total, "")
    return manifest


def _usable(name: str, dtypes: Sequence[NumberFormat]) -> FileFormat:
    """The file format of that name, if it can be written here and holds these number formats."""
    found = file_format(name)
    found.require_to_write()
    for dtype in dtypes:
        if dtype not in found.dtypes:
            raise ExportError(f"{found.words} hold no {dtype} weights, only {', '.join(found.dtypes)}")
    return found


class _Export:
    """What was written to the folder of a bundle so far."""

    def __init__(self, folder: Path, *, seed: int, total: int, progress: Progress) -> None:
        self._folder = folder
        self._seed = seed
        self._total = total
        self._progress = progress
        self._artifacts: list[Artifact] = []
        self._references: list[Reference] = []
        self._identities: list[Identity] = []

    def write(
        self,
        workload: Workload,
        drawn: MLP,
        formats: Sequence[FileFormat],
        targets: Sequence[Target],
        dtypes: Sequence[NumberFormat],
    ) -> None:
        """Write all files of a workload, one number format after the other."""
        folder = self._folder / workload.key
        folder.mkdir()
        for dtype in dtypes:
            network = in_number_format(drawn, dtype)
            layers = out_in_layers(network, dtype)
            references = [
                self._write_reference(folder, workload, layers, batch_shape, dtype)
                for batch_shape in workload.batch_shapes
            ]
            for target in (target for target in targets if target.dtype is dtype):
                self._progress(len(self._artifacts), self._total, f"{workload.label} {target.words}")
                source = ExportSource(
                    workload=workload,
                    network=network,
                    layers=layers,
                    layout=target.layout,
                    form=target.form,
                    dtype=dtype,
                    inputs=target.inputs,
                )
                path = folder / target.file_name
                with _blaming(target.format):
                    self._artifacts.append(_write_artifact(path, target.format, source, references))
            for item in formats:
                with _blaming(item):
                    self._identities.extend(_write_identities(folder, workload, item, dtype))

    def manifest(self, workloads: Sequence[Workload], *, suite: str) -> Manifest:
        """The manifest of all that was written."""
        return Manifest(
            schema_version=MANIFEST_SCHEMA,
            tool_version=__version__,
            software=capture_software(),
            suite=suite,
            seed=self._seed,
            workloads=tuple(workloads),
            artifacts=tuple(self._artifacts),
            references=tuple(self._references),
            identities=tuple(self._identities),
        )

    def _write_reference(
        self,
        folder: Path,
        workload: Workload,
        layers: Sequence[Layer],
        batch_shape: tuple[int, ...],
        dtype: NumberFormat,
    ) -> ReferenceValues:
        seed = derived_seed(workload, self._seed)
        values = compute_reference(workload, layers, batch_shape, seed=seed, dtype=dtype)
        path = folder / reference_name(batch_shape, dtype)
        write_reference(values, path)
        entry = Reference(**_file(path), workload=workload.key, batch_shape=batch_shape, dtype=dtype)
        self._references.append(entry)
        return values


@contextlib.contextmanager
def _blaming(item: FileFormat) -> Iterator[None]:
    """Whatever the code of another package raises is told in a line; ours would be a fault to be seen whole.

    Raises:
        ExportError: that code failed.
    """
    try:
        yield
    except ProfilerError:
        raise
    except Exception as error:
        if item.name in BUILT_IN:
            raise
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise ExportError(f"the file format {item.name} ({item.location}) failed: {reason}") from error


def _write_artifact(
    path: Path, item: FileFormat, source: ExportSource, references: Sequence[ReferenceValues]
) -> Artifact:
    parts = item.writer().write(source, path)
    entry = Artifact(
        **_file(path),
        format=item.name,
        form=source.form,
        layout=source.layout,
        workload=source.workload.key,
        input_rank=source.inputs.rank,
        batch_shape=source.inputs.batch_shape,
        dtype=source.dtype,
        operators=(),
        layers=(),
        stored_layout=None,
        max_error=0.0,
        tolerance=0.0,
        parts=_parts(path, parts),
    )
    fitting = [reference for reference in references if entry.takes(reference.x.shape[:-1])]
    return verify_artifact(path, entry, source.workload, source.layers, fitting)


def _write_identities(folder: Path, workload: Workload, item: FileFormat, dtype: NumberFormat) -> Iterator[Identity]:
    """The models that tell what a call costs by itself, if the format has files of them."""
    if not item.needs_identity_file:
        return
    for inputs in inputs_of(workload, item):
        path = folder / identity_name(item, inputs, dtype)
        parts = _parts(path, item.identity_writer().write_identity(workload, path, dtype=dtype, inputs=inputs))
        prove_identity(path, item.name, part_names(parts))
        yield Identity(
            **_file(path),
            format=item.name,
            workload=workload.key,
            input_rank=inputs.rank,
            batch_shape=inputs.batch_shape,
            dtype=dtype,
            parts=parts,
        )


def _parts(owner: Path, paths: Sequence[Path]) -> tuple[Part, ...]:
    for path in paths:
        if path.parent != owner.parent or path == owner or path.is_symlink() or not path.is_file():
            raise ExportError(f"{owner.name}: its part {str(path)[:120]!r} is no other file in the same folder")
    return tuple(Part(**_file(path)) for path in paths)


def _file(path: Path) -> dict[str, Any]:
    """What every entry says of its file, which lies in the folder of its workload."""
    return {
        "path": f"{path.parent.name}/{path.name}",
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
    }
