"""The machine's state at a moment: clocks, temperatures, throttling, load, swap, and a canary."""

import contextlib
import datetime
import hashlib
import os
import time
from pathlib import Path

import psutil

from profiler.hardware.source import list_folder, parse_int, read_int, read_text
from profiler.records import Conditions

CANARY_BYTES = 65_536
CANARY_REPEATS = 9
_KHZ = 1000
_MILLI = 1000.0


def capture_conditions(root: Path, *, started: float) -> Conditions:
    """The state of the machine whose files lie below `root`. What cannot be read stays out.

    Args:
        root: `/`, or a recorded tree; load, swap and the canary are taken on the running machine alone.
        started: `time.monotonic()` at the start of the run.
    """
    policies = list_folder(root / "sys/devices/system/cpu/cpufreq", "policy[0-9]*")
    is_live = root == Path("/")
    return Conditions(
        at_s=time.monotonic() - started,
        utc=utc_now(),
        canary_s=measure_canary() if is_live else None,
        governors={p.name: text for p in policies if (text := read_text(p / "scaling_governor"))},
        frequencies_hz={p.name: khz * _KHZ for p in policies if (khz := read_int(p / "scaling_cur_freq"))},
        max_frequencies_hz={p.name: khz * _KHZ for p in policies if (khz := read_int(p / "scaling_max_freq"))},
        temperatures_celsius=_temperatures(root),
        throttled=_throttled(root),
        load_1min=_load() if is_live else None,
        swap_used_bytes=_swap_used() if is_live else None,
    )


def utc_now() -> str:
    """The wall clock in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def measure_canary() -> float:
    """The best time in seconds of several for the SHA-256 of 64 KiB: fixed work that fits every cache."""
    data = bytes(CANARY_BYTES)
    best = float("inf")
    for _ in range(CANARY_REPEATS):
        start = time.perf_counter()
        hashlib.sha256(data).digest()
        best = min(best, time.perf_counter() - start)
    return best


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


def _load() -> float | None:
    with contextlib.suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return None


def _swap_used() -> int | None:
    with contextlib.suppress(OSError, RuntimeError):
        return psutil.swap_memory().used
    return None
