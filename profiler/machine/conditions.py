"""The machine's state at a moment: clocks, temperatures, throttling, load, swap, and a canary."""

import contextlib
import dataclasses
import datetime
import os
import time
from pathlib import Path

import msgspec

from profiler.machine.canary import measure_canary
from profiler.machine.memory import swap_used
from profiler.machine.recording import LIVE, Recording, read_recording
from profiler.machine.records import Conditions
from profiler.machine.sources import cgroup, cpufreq, throttling, vcgencmd
from profiler.machine.sources.source import list_folder, read_int, read_text

_MILLI = 1000.0


@dataclasses.dataclass(frozen=True)
class Clocks:
    """The monotonic and the wall clock at one moment, in seconds."""

    monotonic_s: float
    wall_s: float

    @classmethod
    def now(cls) -> "Clocks":
        """Read the monotonic and the wall clock."""
        return cls(time.monotonic(), time.time())


def capture_conditions(
    root: Path, *, started: Clocks, is_full: bool = True, recording: Recording | None = None
) -> Conditions:
    """The state of the machine whose files lie below `root`. What cannot be read stays out.

    Args:
        root: `/`, or a recorded tree; the canary is taken on the running machine alone.
        started: the clocks at the start of the run.
        is_full: False leaves out what takes time to read: what is left can be asked before and after every block.
        recording: what no file tells, if it was read already.
    """
    is_live = root == LIVE
    if is_full:
        recording = recording or read_recording(root)
    answers = recording.vcgencmd if recording else {}
    now = Conditions(
        at_s=time.monotonic() - started.monotonic_s,
        utc=utc_now(),
        governors=cpufreq.read_governors(root),
        throttled=throttling.read_throttled(root, answers),
        wall_s=time.time() - started.wall_s if is_live else None,
        suspended_s=_suspended_s() if is_live else None,
    )
    return _full(now, root, recording) if is_full and recording else now


def _full(now: Conditions, root: Path, recording: Recording) -> Conditions:
    answers = recording.vcgencmd
    return msgspec.structs.replace(
        now,
        canary_s=measure_canary() if root == LIVE else None,
        frequencies_hz=cpufreq.read_frequencies(root, "scaling_cur_freq"),
        min_frequencies_hz=cpufreq.read_frequencies(root, "scaling_min_freq"),
        max_frequencies_hz=cpufreq.read_frequencies(root, "scaling_max_freq"),
        firmware_frequency_hz=vcgencmd.clock_hz_in(answers),
        temperatures_celsius=_temperatures(root, answers),
        under_voltage=throttling.read_under_voltage(root),
        cpus_allowed=recording.cpus_allowed,
        cpu_quota=cgroup.cpu_quota(root),
        memory_limit_bytes=cgroup.memory_limit_bytes(root),
        load_1min=_load(root),
        swap_used_bytes=swap_used(root),
    )


def without_clocks(conditions: Conditions) -> Conditions:
    """Without what the files of another machine say: clocks, temperatures, throttling."""
    return Conditions(
        at_s=conditions.at_s,
        utc=conditions.utc,
        canary_s=conditions.canary_s,
        cpus_allowed=conditions.cpus_allowed,
        cpu_quota=conditions.cpu_quota,
        memory_limit_bytes=conditions.memory_limit_bytes,
        load_1min=conditions.load_1min,
        swap_used_bytes=conditions.swap_used_bytes,
        wall_s=conditions.wall_s,
        suspended_s=conditions.suspended_s,
    )


def utc_now() -> str:
    """The wall clock in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _temperatures(root: Path, answers: dict[str, str]) -> dict[str, float]:
    """Thermal zones, else hardware monitors, else the firmware's own reading."""
    found = {}
    for zone in list_folder(root / "sys/class/thermal", "thermal_zone[0-9]*"):
        milli = read_int(zone / "temp")
        if milli is not None:
            found[f"{zone.name} {read_text(zone / 'type') or ''}".strip()] = milli / _MILLI
    if found:
        return found
    for monitor in list_folder(root / "sys/class/hwmon", "hwmon[0-9]*"):
        milli = read_int(monitor / "temp1_input")
        if milli is not None:
            found[f"{monitor.name} {read_text(monitor / 'name') or ''}".strip()] = milli / _MILLI
    firmware = vcgencmd.temperature_celsius_in(answers)
    return found if found or firmware is None else {"firmware": firmware}


def _suspended_s() -> float | None:
    """How long the machine slept since it booted: one clock counts that and the other does not. Linux alone."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC))


def _load(root: Path) -> float | None:
    if root == LIVE:
        with contextlib.suppress(OSError, AttributeError):
            return os.getloadavg()[0]
    with contextlib.suppress(ValueError, IndexError):
        load = float((read_text(root / "proc/loadavg") or "").split()[0])
        return load if 0 <= load < 1e6 else None  # noqa: PLR2004 - not NaN, not infinite
    return None
