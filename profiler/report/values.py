"""How a value reads: a text from a file, a time, a size, a ratio with its interval, a percentage."""

import math

from profiler.judge.records import Estimate

UNKNOWN = "unknown"
LARGEST_BYTES = 1 << 80  # beyond it a number in a report is a joke


def format_time(seconds: float | None) -> str:
    """A time with three significant digits and a unit."""
    if seconds is None:
        return "-"
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(rounded))) if rounded > 0 else 0
    return f"{rounded:.{min(digits, 2)}f}"


def format_bytes(count: int | None) -> str:
    """A size in binary units, as caches are named."""
    if count is None:
        return UNKNOWN
    if abs(count) > LARGEST_BYTES:
        return "absurd"
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 999.5:  # noqa: PLR2004 - what three digits can show
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} GiB"


def format_ratio(estimate: Estimate | None) -> str:
    """A ratio with its interval: `1.34 [1.31, 1.37]`."""
    if estimate is None:
        return "-"
    return f"{estimate.point:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def format_interval(estimate: Estimate | None) -> str:
    """The interval of an estimate alone: `0.99-1.01`."""
    return "-" if estimate is None else f"{estimate.low:.2f}-{estimate.high:.2f}"


def format_percent(fraction: float | None) -> str:
    """A fraction as percents: `0.8 %`."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def format_time_interval(estimate: Estimate) -> str:
    """A time with its interval: `1.20 ms [1.10 ms, 1.30 ms]`."""
    return f"{format_time(estimate.point)} [{format_time(estimate.low)}, {format_time(estimate.high)}]"


def format_bytes_interval(estimate: Estimate) -> str:
    """A size with half the width of its interval: `4 MiB +- 12 KiB`."""
    half = (estimate.high - estimate.low) / 2
    return f"{format_bytes(round(estimate.point))} +- {format_bytes(round(half))}"
