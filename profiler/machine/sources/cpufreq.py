"""Clocks by `/sys/devices/system/cpu/cpufreq`: what was asked for and what is allowed, in Hz.

`scaling_cur_freq` is what the kernel asked for. A Raspberry Pi's firmware lowers the clock without telling it.
"""

from collections.abc import Mapping
from pathlib import Path

from profiler.machine.records import ClockDomain
from profiler.machine.sources.source import list_folder, read_int, read_text
from profiler.machine.sources.sysfs import parse_cpu_list

FOLDER = "sys/devices/system/cpu/cpufreq"
_KHZ = 1000


def read_governors(root: Path) -> dict[str, str]:
    """The governor of each policy."""
    return {policy.name: text for policy in _policies(root) if (text := read_text(policy / "scaling_governor"))}


def read_frequencies(root: Path, name: str) -> dict[str, int]:
    """One of `scaling_cur_freq`, `scaling_min_freq` and `scaling_max_freq` of each policy."""
    return {policy.name: hz for policy in _policies(root) if (hz := _hz(policy / name))}


def read_clock_domains(root: Path, core_of: Mapping[int, str | None]) -> tuple[ClockDomain, ...]:
    """Which CPUs share a clock, and the range that the hardware allows."""
    return tuple(_domain(policy, core_of) for policy in _policies(root))


def _domain(policy: Path, core_of: Mapping[int, str | None]) -> ClockDomain:
    cpus = parse_cpu_list(",".join((read_text(policy / "related_cpus") or "").split()))
    cores = {core_of.get(cpu) for cpu in cpus}
    return ClockDomain(
        policy=policy.name,
        cpus=cpus,
        core=cores.pop() if len(cores) == 1 else None,
        min_hz=_hz(policy / "cpuinfo_min_freq"),
        max_hz=_hz(policy / "cpuinfo_max_freq"),
        source=f"/{FOLDER}",
    )


def _hz(path: Path) -> int | None:
    khz = read_int(path)
    return khz * _KHZ if khz and khz > 0 else None


def _policies(root: Path) -> list[Path]:
    return list_folder(root / FOLDER, "policy[0-9]*")
