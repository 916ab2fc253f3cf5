"""What the script of the forum answer is given, and what it prints."""

import math

from profiler.base.record import Record
from profiler.models.number_format import NumberFormat

ITEM_BYTES = NumberFormat.FLOAT32.stored_bytes(1)


class ForumSetup(Record, frozen=True, kw_only=True):
    """`a [b, m] @ mr [m, n]` against `a @ ml.T` with `ml [n, m]`; `warm`, `stat` and `time` are its loop counts."""

    b: int
    m: int
    n: int
    warm: int
    stat: int
    time: int

    @property
    def products(self) -> int:
        """How many products of each kind it makes."""
        return self.warm + self.stat * self.time

    @property
    def matrix_bytes(self) -> int:
        """The bytes of one of its two matrices."""
        return ITEM_BYTES * self.m * self.n

    @property
    def script_bytes(self) -> int:
        """The bytes that the script holds at once: both matrices, the input, and an old product beside a new one."""
        return 2 * self.matrix_bytes + ITEM_BYTES * self.b * (self.m + 2 * self.n)


class DeviceTimes(Record, frozen=True, kw_only=True):
    """Seconds per `time` products on one device, with the standard errors that the script prints."""

    device: str
    in_out_mean_s: float
    in_out_error_s: float
    out_in_mean_s: float
    out_in_error_s: float

    @property
    def speedup(self) -> float:
        """time(in_out) / time(out_in), from the mean times."""
        return self.in_out_mean_s / self.out_in_mean_s

    @property
    def log_error(self) -> float:
        """The standard error of the log speedup, if both means vary by themselves."""
        return math.hypot(self.in_out_error_s / self.in_out_mean_s, self.out_in_error_s / self.out_in_mean_s)


class ForumTimes(Record, frozen=True, kw_only=True):
    """What the script gave here; `cuda` is None where there is no such device."""

    torch_version: str
    threads: int
    cpu: DeviceTimes
    cuda: DeviceTimes | None = None


PUBLISHED_CPU = DeviceTimes(
    device="a desktop CPU of 2022, torch 1.12",
    in_out_mean_s=12.70658016204834,
    in_out_error_s=0.007860937265143848,
    out_in_mean_s=12.256337642669678,
    out_in_error_s=0.007302343186920837,
)
PUBLISHED_CUDA = DeviceTimes(
    device="GeForce GTX 1050 Ti, torch 1.12",
    in_out_mean_s=1.354783058166504,
    in_out_error_s=0.0005118169535293032,
    out_in_mean_s=1.3442912817001342,
    out_in_error_s=0.0014081416198141895,
)
