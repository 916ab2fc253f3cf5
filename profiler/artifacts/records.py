"""What a bundle holds: artifacts, references, identity models, and the manifest that vouches for them."""

import enum
from collections.abc import Sequence
from pathlib import PurePosixPath

from profiler.base.record import Record
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload

MANIFEST_SCHEMA = 3


class Form(enum.StrEnum):
    """How a pair of artifacts is written.

    Controlled: both hold the same operators and differ in the stored bytes alone.
    Idiomatic: what people write and their exporter makes of it.
    """

    CONTROLLED = "controlled"
    IDIOMATIC = "idiomatic"


class LayerProof(Record, frozen=True, kw_only=True):
    """What one layer of an artifact was seen to store, read back from the file.

    `operator` names the operator with the flag that matters, such as `Gemm(transB=1)`. `dims` are the stored
    dimensions, slowest first; `weight_sha256` is taken over the weight's bytes as they lie in the file.
    """

    operator: str
    dims: tuple[int, int]
    stored_layout: WeightLayout
    dtype: NumberFormat
    weight_sha256: str


class Part(Record, frozen=True, kw_only=True):
    """A file that belongs to another one in the same folder, which cannot be used without it."""

    path: str
    sha256: str
    size_bytes: int


def part_names(parts: Sequence[Part]) -> tuple[str, ...]:
    """The names of parts within their folder."""
    return tuple(PurePosixPath(part.path).name for part in parts)


class Artifact(Record, frozen=True, kw_only=True):
    """One model of a bundle, in one file or in several, and what re-opening it proved.

    `path` is the file that is loaded; `parts` lie beside it. `format` is the name of the file format. `layout` is what
    was asked for. `stored_layout` is what lies in the file; None where layers differ. The two may differ in the
    idiomatic form, where an exporter rewrote the weight. `input_rank` is None where any rank is taken,
    `batch_shape` where any batch of that rank is. `dtype` is the
    number format of the weights. `max_error` is the largest difference to the float64 reference, and `tolerance` the
    rounding error bound it stayed below at that element.
    """

    path: str
    sha256: str
    size_bytes: int
    format: str
    form: Form
    layout: WeightLayout
    workload: str
    input_rank: int | None
    batch_shape: tuple[int, ...] | None = None
    dtype: NumberFormat
    operators: tuple[str, ...]
    layers: tuple[LayerProof, ...]
    stored_layout: WeightLayout | None
    max_error: float
    tolerance: float
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    def takes(self, batch_shape: tuple[int, ...]) -> bool:
        """Whether the file can be run with inputs of that batch."""
        return _takes(self, batch_shape)

    @property
    def files(self) -> "tuple[Entry, ...]":
        """The file that is loaded, and its parts."""
        return (self, *self.parts)

    @property
    def total_bytes(self) -> int:
        """What all its files take."""
        return sum(entry.size_bytes for entry in self.files)


class Reference(Record, frozen=True, kw_only=True):
    """A file with an input `x`, its float64 output `y` and the error bound `tolerance` for each element of it.

    It holds for artifacts whose weights are in `dtype`; `x` is in the number format that activations have then.
    """

    path: str
    sha256: str
    size_bytes: int
    workload: str
    batch_shape: tuple[int, ...]
    dtype: NumberFormat


class Identity(Record, frozen=True, kw_only=True):
    """A model that hands its input on as output, cut or padded to the workload's shape: what a call costs by itself.

    It is for artifacts of the same file format whose weights are in `dtype`. Plain arrays need no file for that.
    """

    path: str
    sha256: str
    size_bytes: int
    format: str
    workload: str
    input_rank: int | None
    batch_shape: tuple[int, ...] | None = None
    dtype: NumberFormat
    parts: tuple[Part, ...] = ()

    def takes(self, batch_shape: tuple[int, ...]) -> bool:
        """Whether the file can be run with inputs of that batch."""
        return _takes(self, batch_shape)

    @property
    def files(self) -> "tuple[Entry, ...]":
        """The file that is loaded, and its parts."""
        return (self, *self.parts)


Entry = Artifact | Reference | Identity | Part


def _takes(model: Artifact | Identity, batch_shape: tuple[int, ...]) -> bool:
    if model.batch_shape is not None:
        return model.batch_shape == batch_shape
    return model.input_rank in (None, len(batch_shape) + 1)


class Manifest(Record, frozen=True, kw_only=True):
    """What a bundle holds. The only file of a bundle that is read before its hash is known."""

    schema_version: int
    tool_version: str
    software: dict[str, str]
    suite: str
    seed: int
    workloads: tuple[Workload, ...]
    artifacts: tuple[Artifact, ...]
    references: tuple[Reference, ...]
    identities: tuple[Identity, ...]

    @property
    def models(self) -> tuple[Artifact | Identity, ...]:
        """What a runtime may load."""
        return (*self.artifacts, *self.identities)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every file that the manifest names, parts included."""
        return (*(entry for model in self.models for entry in model.files), *self.references)
