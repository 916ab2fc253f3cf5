"""What a machine was seen to do at best, in words."""

import math
from collections.abc import Iterator, Mapping

from profiler.base.record import Record
from profiler.judge.limits import level_rates
from profiler.machine.limits.records import BandwidthPoint, CoreLimits
from profiler.machine.records import HardwareInfo
from profiler.report.timeline import sparkline
from profiler.report.values import UNKNOWN, format_bytes, format_time

_GIGA = 1e9


class Line(Record, frozen=True, kw_only=True):
    """A labelled text of a hardware report, and where it comes from."""

    label: str
    text: str
    source: str = ""


def measured_lines(hardware: HardwareInfo) -> Iterator[Line]:
    """Where caches end, bandwidths, peak, timer and canary, and what could not be measured."""
    measured = hardware.measured
    if measured is None:
        return
    for core in measured.cores:
        cpus = [cpu for kind in hardware.core_types if kind.name == core.core for cpu in kind.cpus]
        rates = level_rates(core, hardware.caches, cpus)
        yield from _measured_core(core, rates, several=len(measured.cores) > 1)
    if measured.timer is not None:
        timer = measured.timer
        yield Line(
            label="Timer",
            text=f"smallest step {format_time(timer.resolution_s)}, reading it {format_time(timer.overhead_s)}",
        )
    if measured.canary is not None:
        best, canary = measured.canary.best_s, measured.canary
        text = (
            f"{format_time(best)}, median +{canary.median_s / best - 1:.1%}, 95 % within +{canary.p95_s / best - 1:.1%}"
        )
        yield Line(label="Canary", text=text.replace("%", " %").replace("95  %", "95 %"))
    yield Line(label="When", text=f"{measured.utc}, took {measured.duration_s:.1f} s")
    for problem in measured.problems:
        yield Line(label="Not measured", text=problem)


def _measured_core(core: CoreLimits, rates: Mapping[str, BandwidthPoint], *, several: bool) -> Iterator[Line]:
    who = f"{core.core}: " if several and core.core else ""
    for knee in core.knees:
        yield Line(
            label="Cache ends",
            text=f"{who}between {format_bytes(knee.low_bytes)} and {format_bytes(knee.high_bytes)}, "
            f"{knee.ratio:.2g} x slower beyond",
            source=core.method,
        )
    if not core.knees and (core.latencies or core.bandwidths):
        yield Line(label="Cache ends", text=f"{who}no knee seen", source=core.method)
    if core.latencies:
        first, last = core.latencies[0], core.latencies[-1]
        curve = sparkline([math.log(point.latency_s) for point in core.latencies])
        yield Line(
            label="Latency",
            text=f"{who}{curve} {format_time(first.latency_s)} a load at {format_bytes(first.buffer_bytes)}, "
            f"{format_time(last.latency_s)} at {format_bytes(last.buffer_bytes)}",
            source="pointer chase",
        )
    for level, point in rates.items():
        copied = "" if point.copy_bytes_per_s is None else f", copies {_rate(point.copy_bytes_per_s)} (read + written)"
        yield Line(
            label=f"From {level}" if level != UNKNOWN else "Bandwidth",
            text=f"{who}one core reads {_rate(point.read_bytes_per_s)}{copied}",
            source=f"buffer of {format_bytes(point.buffer_bytes)}",
        )
    for peak in core.peaks:
        rate = f"{peak.flops_per_s / _GIGA:.3g} Gflop/s"
        yield Line(label="Peak", text=f"{who}{rate} {peak.dtype} of one core", source=peak.kernel)


def _rate(bytes_per_s: float) -> str:
    return f"{bytes_per_s / _GIGA:.3g} GB/s"
