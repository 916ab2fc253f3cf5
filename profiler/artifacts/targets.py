"""Which files a bundle shall hold of a workload, and what each is called."""

import dataclasses
from collections.abc import Iterator, Sequence

from profiler.artifacts.formats import FileFormat
from profiler.artifacts.records import Form
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, format_batch


@dataclasses.dataclass(frozen=True)
class Target:
    """One artifact to write. `input_rank` is None where one file takes any rank."""

    format: FileFormat
    form: Form
    layout: WeightLayout
    input_rank: int | None
    dtype: NumberFormat

    @property
    def words(self) -> str:
        """What is being written, in words for people."""
        dtype = "" if self.dtype is NumberFormat.FLOAT32 else f" {self.dtype}"
        return f"{self.format.name} {self.form} {self.layout}{dtype}"

    @property
    def file_name(self) -> str:
        """The name of the artifact's file in the folder of its workload."""
        return f"{self.format.name}-{self.form}-{self.layout}{_tail(self.input_rank, self.dtype)}{self.format.suffix}"


def targets_of(
    workload: Workload, formats: Sequence[FileFormat], forms: Sequence[Form], dtypes: Sequence[NumberFormat]
) -> Iterator[Target]:
    """Both layouts in every form that a format has, for every number format and input rank."""
    for file_format in formats:
        for form in (form for form in forms if form in file_format.forms):
            for dtype in dtypes:
                for input_rank in ranks_of(workload, file_format):
                    for layout in WeightLayout:
                        yield Target(file_format, form, layout, input_rank, dtype)


def ranks_of(workload: Workload, file_format: FileFormat) -> list[int | None]:
    """The input ranks that need a file each, or None alone where one file takes any."""
    if not file_format.fixes_rank:
        return [None]
    return [*sorted({len(batch_shape) + 1 for batch_shape in workload.batch_shapes})]


def identity_name(file_format: FileFormat, input_rank: int | None, dtype: NumberFormat) -> str:
    """The name of an identity model's file."""
    return f"{file_format.name}-identity{_tail(input_rank, dtype)}{file_format.suffix}"


def reference_name(batch_shape: tuple[int, ...], dtype: NumberFormat) -> str:
    """The name of a reference's file."""
    return f"reference-batch-{format_batch(batch_shape)}{_tail(None, dtype)}.npz"


def _tail(input_rank: int | None, dtype: NumberFormat) -> str:
    """What tells files apart that would bear one name: float32 is the usual, and goes without saying."""
    rank = "" if input_rank is None else f"-rank{input_rank}"
    return rank if dtype is NumberFormat.FLOAT32 else f"{rank}-{dtype}"
