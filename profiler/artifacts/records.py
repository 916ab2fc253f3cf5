"""What a bundle holds: artifacts, answers, and the manifest that vouches for them."""

import enum

from profiler.base.record import Record
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload

MANIFEST_SCHEMA = 2


class ArtifactFormat(enum.StrEnum):
    """The file formats of a bundle."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"
    ARRAYS = "arrays"


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
    weight_sha256: str


class Artifact(Record, frozen=True, kw_only=True):
    """One file of a bundle, and what re-opening it proved.

    `layout` is what was asked for. `stored_layout` is what lies in the file; None where layers differ. The two may
    differ in the idiomatic form, where an exporter rewrote the weight. `input_rank` is None where any rank is taken.
    `max_error` is the largest difference to the float64 answer, and `tolerance` the rounding error bound it stayed
    below at that element.
    """

    path: str
    sha256: str
    size_bytes: int
    format: ArtifactFormat
    form: Form
    layout: WeightLayout
    workload: str
    input_rank: int | None
    dtype: NumberFormat
    operators: tuple[str, ...]
    layers: tuple[LayerProof, ...]
    stored_layout: WeightLayout | None
    max_error: float
    tolerance: float
    notes: tuple[str, ...] = ()


class Answer(Record, frozen=True, kw_only=True):
    """A file with an input `x` (float32), its float64 answer `y` and the error bound `tolerance` for each element."""

    path: str
    sha256: str
    size_bytes: int
    workload: str
    batch_shape: tuple[int, ...]
    dtype: NumberFormat = NumberFormat.FLOAT32


class Identity(Record, frozen=True, kw_only=True):
    """A model that hands its input on as output, cut or padded to the workload's shape: what a call costs by itself.

    Plain arrays need no file for that.
    """

    path: str
    sha256: str
    size_bytes: int
    format: ArtifactFormat
    workload: str
    input_rank: int | None
    dtype: NumberFormat = NumberFormat.FLOAT32


Entry = Artifact | Answer | Identity


class Manifest(Record, frozen=True, kw_only=True):
    """What a bundle holds. The only file of a bundle that is read before its hash is known."""

    schema_version: int
    tool_version: str
    software: dict[str, str]
    suite: str
    seed: int
    workloads: tuple[Workload, ...]
    artifacts: tuple[Artifact, ...]
    answers: tuple[Answer, ...]
    identities: tuple[Identity, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every file that the manifest names."""
        return (*self.artifacts, *self.answers, *self.identities)
