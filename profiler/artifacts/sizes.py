"""What an export takes of memory and disk, refused before anything is allocated or written."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from profiler.artifacts.targets import Target
from profiler.base.errors import MemoryNeedError, OutputError
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, batch_rows, format_batch

WEIGHT_COPIES = 10  # seen: 9.0 at 6144x6144: modules, arrays, a file as message and as bytes, its proof, float64 blocks
VALUE_COPIES = 12  # of inputs, outputs and their errors in float64
BASE_BYTES = 300_000_000  # torch and its exporter
_FLOAT64_BYTES = 8


def needed_bytes(workload: Workload, dtypes: Sequence[NumberFormat] = (NumberFormat.FLOAT32,)) -> int:
    """An upper estimate of the memory that exporting a workload takes, one number format after the other."""
    rows = sum(map(batch_rows, workload.batch_shapes))
    widest = max(workload.in_features, *(layer.out_features for layer in workload.layers))
    weights = max(map(workload.weight_bytes, dtypes))
    return BASE_BYTES + WEIGHT_COPIES * weights + _FLOAT64_BYTES * VALUE_COPIES * rows * widest


def refuse_oversize(
    workload: Workload, *, available_bytes: int, dtypes: Sequence[NumberFormat] = (NumberFormat.FLOAT32,)
) -> None:
    """Raises MemoryNeedError, before anything is allocated, if a workload does not fit."""
    needed = needed_bytes(workload, dtypes)
    if needed > available_bytes:
        batches = ", ".join(map(format_batch, workload.batch_shapes))
        raise MemoryNeedError(
            f"exporting {workload.label} (batch {batches}) needs about {needed / 2**30:.1f} GiB of memory and "
            f"{available_bytes / 2**30:.1f} GiB are available; export it on a larger machine or choose a smaller shape"
        )


def bundle_bytes(workload: Workload, targets: Iterable[Target], dtypes: Iterable[NumberFormat]) -> int:
    """About what the files of a workload take: its artifacts, and a reference for each batch and number format."""
    rows = sum(map(batch_rows, workload.batch_shapes))
    references = (
        dtype.activations.stored_bytes(workload.in_features) + 2 * _FLOAT64_BYTES * workload.out_features
        for dtype in dtypes
    )
    return sum(workload.weight_bytes(target.dtype) for target in targets) + rows * sum(references)


def refuse_full_disk(folder: Path, needed_bytes: int) -> None:
    """Raises OutputError if so much does not fit where the folder is."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise OutputError(
            f"the bundle needs about {needed_bytes / 2**20:.0f} MiB and {free / 2**20:.0f} MiB are free where it shall "
            "be written; free some space, or leave out a --format or a --form"
        )
