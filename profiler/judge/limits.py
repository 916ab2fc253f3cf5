"""How near a call comes to what this machine does at best: the roofline of Williams, Waterman and Patterson (2009).

A call must do its multiply-adds and must read its weights: `bound = max(flops / peak, bytes / bandwidth)`, with the
bandwidth of the place where its data live (Communications of the ACM 52(4)). Both were measured on one core, the peak
in the number format that a case computes in. Nothing reads much faster than the bandwidth probes, so where a call is
bound by memory a fraction near 1 leaves a layout little to gain. The peak is that of the fastest matrix product at
hand, which a better kernel can beat: there a fraction near 1 says only that a call is as fast as that. A fraction above
1 says that the probe was disturbed, or is beaten.
"""

from collections.abc import Mapping, Sequence

from profiler.judge.records import Limit, LimitedBy
from profiler.machine.caches import MEMORY, cache_level_for, data_cache_sizes
from profiler.machine.limits.records import BandwidthPoint, CoreLimits
from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, batch_rows
from profiler.session.records import Case, Weights

FLOPS_PER_MULTIPLY_ADD = 2
AT_LIMIT = 0.8  # from this fraction on, a call is said to sit at the limit
BEATEN = 1.1  # the probes agree with C within 10 %: what is faster shows that the limit is not one
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
    if not cores or not time_s:
        return None
    flops, traffic = call_flops(workload, case.batch_shape), call_bytes(workload, case.batch_shape, case.dtype)
    is_cold = case.weights is Weights.COLD
    bounds = [_bound(core, case, flops, traffic, cold_on=hardware if is_cold else None) for core in cores]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return None
    seconds, limited_by = min(known)
    level = MEMORY if is_cold else cache_level_for(traffic // case.threads, hardware.caches, cpus)
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


def call_bytes(workload: Workload, batch_shape: tuple[int, ...], dtype: NumberFormat) -> int:
    """The least bytes of a call: every weight, bias and input read once, every output written once."""
    rows = batch_rows(batch_shape)
    biases = sum(layer.out_features for layer in workload.layers if layer.bias)
    values = biases + rows * (workload.in_features + workload.out_features)
    return workload.weight_bytes(dtype) + dtype.activations.stored_bytes(values)


def is_at_limit(limit: Limit) -> bool:
    """Whether both layouts sit at the limit of reading, and neither has shown it to be wrong."""
    fractions = limit.fractions.values()
    is_told = limit.limited_by is LimitedBy.MEMORY and len(fractions) == len(WeightLayout)
    return is_told and min(fractions) >= AT_LIMIT and max(fractions) <= BEATEN


def read_rate(core: CoreLimits, size_bytes: int) -> float | None:
    """The fastest that so many bytes can be read or copied again and again, in bytes a second.

    The best rate among buffers of about this size or larger: smaller ones may live in a faster place. What is larger
    than all is granted the rate of the largest.
    """
    largest = max((point.buffer_bytes for point in core.bandwidths), default=0)
    least = min(size_bytes / FITS, largest)
    return max((_fastest(point) for point in core.bandwidths if point.buffer_bytes >= least), default=None)


def _fastest(point: BandwidthPoint) -> float:
    return max(point.read_bytes_per_s, point.copy_bytes_per_s or 0.0)


def level_rates(core: CoreLimits, caches: Sequence[CacheInfo], cpus: Sequence[int]) -> dict[str, BandwidthPoint]:
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


def _cores(hardware: HardwareInfo, cpus: Sequence[int]) -> list[CoreLimits]:
    """The measured cores that the run may have used; none if it may have used one that was not measured."""
    measured = hardware.measured.cores if hardware.measured else ()
    used = {kind.name for kind in hardware.core_types if not cpus or set(kind.cpus) & set(cpus)}
    if used - {core.core for core in measured}:
        return []
    return [core for core in measured if not used or core.core in used]


def _bound(
    core: CoreLimits, case: Case, flops: int, traffic: int, *, cold_on: HardwareInfo | None
) -> tuple[float, LimitedBy] | None:
    """Seconds and what sets them. Each thread is granted what one core can do with its share of the data."""
    peak = core.peak_in(case.dtype.activations)
    rate = read_rate(core, traffic // case.threads) if cold_on is None else _memory_rate(core, cold_on)
    if peak is None or not rate:
        return None
    compute, memory = flops / (case.threads * peak.flops_per_s), traffic / (case.threads * rate)
    return (compute, LimitedBy.COMPUTE) if compute > memory else (memory, LimitedBy.MEMORY)


def _memory_rate(core: CoreLimits, hardware: HardwareInfo) -> float | None:
    """The rate of the largest buffer, if no cache can hold it."""
    largest = max(core.bandwidths, key=lambda point: point.buffer_bytes, default=None)
    if largest is None or largest.buffer_bytes <= max(data_cache_sizes(hardware.caches), default=0):
        return None
    return _fastest(largest)
