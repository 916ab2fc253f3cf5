"""The least time a call can take on this machine: the roofline of Williams, Waterman and Patterson (CACM 52(4), 2009).

A call must do its multiply-adds and must read its weights: `bound = max(flops / peak, bytes / bandwidth)`, with the
bandwidth of the place where its data live. Peak and bandwidth were measured on one core of this machine, so a fraction
near 1 says that no layout could be much faster; one above 1, that a kernel does better than the probe did.
"""

from collections.abc import Mapping, Sequence

from models.layout import WeightLayout
from models.workload import Workload, batch_rows
from profiler.hardware.caches import MEMORY, cache_level_for, data_cache_sizes
from profiler.records import BandwidthPoint, CacheInfo, Case, HardwareInfo, Limit, LimitedBy, MeasuredCore, Weights

ITEM_BYTES = {"float32": 4}
FLOPS_PER_MULTIPLY_ADD = 2
AT_LIMIT = 0.8  # from this fraction on, a call is said to sit at the limit
FITS = 1.5  # a buffer so much smaller may still stand for it: where a cache ends in between, the bound is too kind


def limit_for(
    case: Case, workload: Workload, hardware: HardwareInfo, *, time_s: Mapping[WeightLayout, float], cpus: Sequence[int]
) -> Limit | None:
    """The bound of a case and the fraction of it that each layout reaches; None where nothing was measured.

    Args:
        case: what was measured.
        workload: its layers.
        hardware: of the machine it was measured on.
        time_s: seconds per call of each layout.
        cpus: those the run was pinned to, none for all.
    """
    cores = _cores(hardware, cpus)
    item_bytes = ITEM_BYTES.get(case.dtype)
    if not cores or item_bytes is None or not time_s:
        return None
    flops, traffic = call_flops(workload, case.batch_shape), call_bytes(workload, case.batch_shape, item_bytes)
    is_cold = case.weights is Weights.COLD
    bounds = [_bound(core, flops, traffic, case.threads, hardware if is_cold else None) for core in cores]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return None
    seconds, limited_by = min(known)
    level = MEMORY if is_cold else cache_level_for(traffic, hardware.caches, cpus)
    return Limit(
        flops=flops,
        bytes=traffic,
        level=level,
        limited_by=limited_by,
        bound_s=seconds,
        fractions={layout: seconds / measured for layout, measured in time_s.items() if measured > 0},
    )


def call_flops(workload: Workload, batch_shape: tuple[int, ...]) -> int:
    """The floating-point operations of a call: two for each weight and row, one for each bias and row."""
    rows = batch_rows(batch_shape)
    biases = sum(layer.out_features for layer in workload.layers if layer.bias)
    return rows * (FLOPS_PER_MULTIPLY_ADD * workload.weight_count + biases)


def call_bytes(workload: Workload, batch_shape: tuple[int, ...], item_bytes: int) -> int:
    """The least bytes of a call: every weight, bias and input read once, every output written once."""
    rows = batch_rows(batch_shape)
    biases = sum(layer.out_features for layer in workload.layers if layer.bias)
    return item_bytes * (workload.weight_count + biases + rows * (workload.in_features + workload.out_features))


def is_at_limit(limit: Limit) -> bool:
    """Whether both layouts sit at the limit."""
    return len(limit.fractions) == len(WeightLayout) and min(limit.fractions.values()) >= AT_LIMIT


def read_rate(core: MeasuredCore, size_bytes: int) -> float | None:
    """The fastest that so many bytes can be read again and again, in bytes a second.

    The best rate among buffers of about this size or larger: smaller ones may live in a faster place. What is larger
    than all is granted the rate of the largest.
    """
    largest = max((point.buffer_bytes for point in core.bandwidths), default=0)
    least = min(size_bytes / FITS, largest)
    return max((point.read_bytes_per_s for point in core.bandwidths if point.buffer_bytes >= least), default=None)


def level_rates(core: MeasuredCore, caches: Sequence[CacheInfo], cpus: Sequence[int]) -> dict[str, BandwidthPoint]:
    """For each place that data can live in, the fastest of the buffers that lie there: too large for the one before.

    Args:
        core: what was measured.
        caches: those of the machine.
        cpus: those of the core's type.
    """
    found: dict[str, BandwidthPoint] = {}
    for point in core.bandwidths:
        level = cache_level_for(point.buffer_bytes, caches, cpus)
        before = cache_level_for(int(point.buffer_bytes / FITS), caches, cpus)
        if level == before and (level not in found or point.read_bytes_per_s > found[level].read_bytes_per_s):
            found[level] = point
    return found


def _cores(hardware: HardwareInfo, cpus: Sequence[int]) -> list[MeasuredCore]:
    """The measured cores that the run may have used."""
    measured = hardware.measured.cores if hardware.measured else ()
    pinned = {kind.name for kind in hardware.core_types if set(kind.cpus) & set(cpus)}
    return [core for core in measured if not pinned or core.core in pinned]


def _bound(
    core: MeasuredCore, flops: int, traffic: int, threads: int, cold_on: HardwareInfo | None
) -> tuple[float, LimitedBy] | None:
    """Seconds and what sets them. Threads are granted so many times what one core can do: a bound all the same."""
    rate = read_rate(core, traffic) if cold_on is None else _memory_rate(core, cold_on)
    if core.peak is None or not rate:
        return None
    compute, memory = flops / (threads * core.peak.flops_per_s), traffic / (threads * rate)
    return (compute, LimitedBy.COMPUTE) if compute > memory else (memory, LimitedBy.MEMORY)


def _memory_rate(core: MeasuredCore, hardware: HardwareInfo) -> float | None:
    """The rate of the largest buffer, if no cache can hold it."""
    largest = max(core.bandwidths, key=lambda point: point.buffer_bytes, default=None)
    if largest is None or largest.buffer_bytes <= max(data_cache_sizes(hardware.caches), default=0):
        return None
    return largest.read_bytes_per_s
