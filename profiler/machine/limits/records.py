"""What a machine can do at best, by measuring it."""

from typing import Annotated, Literal

import msgspec

from profiler.base.record import Record
from profiler.models.number_format import NumberFormat

Positive = Annotated[float, msgspec.Meta(gt=0)]
Size = Annotated[int, msgspec.Meta(gt=0, le=1 << 50)]


class LatencyPoint(Record, frozen=True, kw_only=True):
    """How long one dependent load takes in a buffer of this size."""

    buffer_bytes: Size
    latency_s: Positive


class BandwidthPoint(Record, frozen=True, kw_only=True):
    """How fast one core reads a buffer of this size, and copies one half of it to the other.

    A copy counts the bytes read and the bytes written, as STREAM does. From reading small buffers the overhead of a
    pass is taken off, at most half of its time.
    """

    buffer_bytes: Size
    read_bytes_per_s: Positive
    copy_bytes_per_s: Positive | None


class Knee(Record, frozen=True, kw_only=True):
    """A cache ends between these two sizes: `low_bytes` was still fast, `high_bytes` no more.

    `ratio` is how many times slower (latency) or less fast (bandwidth) it then is.
    """

    low_bytes: Size
    high_bytes: Size
    ratio: Positive


class PeakRate(Record, frozen=True, kw_only=True):
    """The most operations a second in a number format that one core was seen to do; a multiply-add is two."""

    dtype: NumberFormat
    flops_per_s: Positive
    kernel: str


class CoreLimits(Record, frozen=True, kw_only=True):
    """What one core can do at best, measured on one CPU of its type (None: not pinned).

    `method` is what the knees were read from: a pointer chase, or read bandwidth where numba is not installed. There is
    a peak for each number format that was measured.
    """

    core: str | None
    cpu: int | None
    method: Literal["pointer chase", "read bandwidth"]
    latencies: tuple[LatencyPoint, ...]
    bandwidths: tuple[BandwidthPoint, ...]
    knees: tuple[Knee, ...]
    peaks: tuple[PeakRate, ...]

    def peak_in(self, dtype: NumberFormat) -> PeakRate | None:
        """The peak in a number format, None where it was not measured."""
        return next((peak for peak in self.peaks if peak.dtype is dtype), None)


class TimerFigures(Record, frozen=True, kw_only=True):
    """The clock all times are taken with: its smallest step, and what reading it costs."""

    resolution_s: float
    overhead_s: float


class CanaryFigures(Record, frozen=True, kw_only=True):
    """How steady fixed work is: best, median and 95th percentile of its times."""

    best_s: Positive
    median_s: Positive
    p95_s: Positive


class MachineLimits(Record, frozen=True, kw_only=True):
    """What this machine can do at best, by measuring; `problems` says what could not be measured and why."""

    utc: str
    tool_version: str
    duration_s: float
    cores: tuple[CoreLimits, ...]
    timer: TimerFigures | None = None
    canary: CanaryFigures | None = None
    problems: tuple[str, ...] = ()
