"""Which files a bundle shall hold of a workload, and what each is called."""

import dataclasses
from collections.abc import Iterator, Sequence

from profiler.artifacts.formats import FileFormat, Fixes
from profiler.artifacts.protocol import Inputs
from profiler.artifacts.records import Form
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, format_batch


@dataclasses.dataclass(frozen=True)
class Target:
    """One artifact to write."""

    format: FileFormat
    form: Form
    layout: WeightLayout
    inputs: Inputs
    dtype: NumberFormat

    @property
    def words(self) -> str:
        """What is being written, in words for people."""
        dtype = "" if self.dtype is NumberFormat.FLOAT32 else f" {self.dtype}"
        return f"{self.format.name} {self.form} {self.layout}{dtype}"

    @property
    def file_name(self) -> str:
        """The name of the artifact's file in the folder of its workload."""
        return f"{self.format.name}-{self.form}-{self.layout}{_tail(self.inputs, self.dtype)}{self.format.suffix}"


def targets_of(
    workload: Workload, formats: Sequence[FileFormat], forms: Sequence[Form], dtypes: Sequence[NumberFormat]
) -> Iterator[Target]:
    """Both layouts in every form that a format has, for every number format and all inputs."""
    for file_format in formats:
        for form in (form for form in forms if form in file_format.forms):
            for dtype in dtypes:
                for inputs in inputs_of(workload, file_format):
                    for layout in WeightLayout:
                        yield Target(file_format, form, layout, inputs, dtype)


def inputs_of(workload: Workload, file_format: FileFormat) -> list[Inputs]:
    """The inputs that need a file each: of all batches together, of each rank, or of each batch."""
    if file_format.fixes is Fixes.NOTHING:
        return [Inputs()]
    ranks = sorted({len(batch_shape) + 1 for batch_shape in workload.batch_shapes})
    if file_format.fixes is Fixes.RANK:
        return [Inputs(rank) for rank in ranks]
    return [Inputs(len(batch_shape) + 1, batch_shape) for batch_shape in workload.batch_shapes]


def identity_name(file_format: FileFormat, inputs: Inputs, dtype: NumberFormat) -> str:
    """The name of an identity model's file."""
    return f"{file_format.name}-identity{_tail(inputs, dtype)}{file_format.suffix}"


def reference_name(batch_shape: tuple[int, ...], dtype: NumberFormat) -> str:
    """The name of a reference's file."""
    return f"reference-batch-{format_batch(batch_shape)}{_tail(Inputs(), dtype)}.npz"


def _tail(inputs: Inputs, dtype: NumberFormat) -> str:
    """What tells files apart that would bear one name: float32 is the usual, and goes without saying."""
    if inputs.batch_shape is not None:
        tail = f"-batch-{format_batch(inputs.batch_shape)}"
    else:
        tail = "" if inputs.rank is None else f"-rank{inputs.rank}"
    return tail if dtype is NumberFormat.FLOAT32 else f"{tail}-{dtype}"
