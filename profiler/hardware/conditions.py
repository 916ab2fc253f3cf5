"""The machine's state at a moment: clocks, temperatures, throttling, load, swap, and a canary."""

import contextlib
import dataclasses
import datetime
import os
import time
from pathlib import Path

import msgspec
import psutil

from profiler.hardware.canary import measure_canary
from profiler.hardware.source import list_folder, parse_int, read_int, read_text
from profiler.records import Conditions

_KHZ = 1000
_MILLI = 1000.0


@dataclasses.dataclass(frozen=True)
class Clocks:
    """The monotonic and the wall clock at one moment, in seconds."""

    monotonic_s: float
    wall_s: float

    @classmethod
    def now(cls) -> "Clocks":
        """Read both."""
        return cls(time.monotonic(), time.time())


def capture_conditions(root: Path, *, started: Clocks, is_full: bool = True) -> Conditions:
    """The state of the machine whose files lie below `root`. What cannot be read stays out.

    Args:
        root: `/`, or a recorded tree; load, swap and the canary are taken on the running machine alone.
        started: the clocks at the start of the run.
        is_full: False leaves out what takes time to read: what is left can be asked before and after every block.
    """
    policies = list_folder(root / "sys/devices/system/cpu/cpufreq", "policy[0-9]*")
    is_live = root == Path("/")
    now = Conditions(
        at_s=time.monotonic() - started.monotonic_s,
        utc=utc_now(),
        governors={p.name: text for p in policies if (text := read_text(p / "scaling_governor"))},
        throttled=_throttled(root),
        wall_s=time.time() - started.wall_s if is_live else None,
        suspended_s=_suspended_s() if is_live else None,
    )
    if not is_full:
        return now
    return msgspec.structs.replace(
        now,
        canary_s=measure_canary() if is_live else None,
        frequencies_hz={p.name: khz * _KHZ for p in policies if (khz := read_int(p / "scaling_cur_freq"))},
        max_frequencies_hz={p.name: khz * _KHZ for p in policies if (khz := read_int(p / "scaling_max_freq"))},
        temperatures_celsius=_temperatures(root),
        load_1min=_load() if is_live else None,
        swap_used_bytes=_swap_used() if is_live else None,
    )


def utc_now() -> str:
    """The wall clock in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _temperatures(root: Path) -> dict[str, float]:
    found = {}
    for zone in list_folder(root / "sys/class/thermal", "thermal_zone[0-9]*"):
        milli = read_int(zone / "temp")
        if milli is not None:
            found[f"{zone.name} {read_text(zone / 'type') or ''}".strip()] = milli / _MILLI
    return found


def _throttled(root: Path) -> int | None:
    """The firmware's word, hexadecimal without 0x; only Raspberry Pi kernels have the file, under varying names."""
    for path in list_folder(root / "sys/devices/platform", "soc*/soc*firmware/get_throttled"):
        word = parse_int(read_text(path), 16)
        if word is not None:
            return word
    return None


def _suspended_s() -> float | None:
    """How long the machine slept since it booted: one clock counts that and the other does not. Linux alone."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC))


def _load() -> float | None:
    with contextlib.suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return None


def _swap_used() -> int | None:
    with contextlib.suppress(OSError, RuntimeError):
        return psutil.swap_memory().used
    return None
