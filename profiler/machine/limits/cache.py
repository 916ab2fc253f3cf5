"""Keeps a measurement until the next boot, so that a second run need not repeat it.

What is read is not trusted: whatever is wrong with a file, there is no cached measurement. Where nothing can be
written, there is none either. The boot is known by a hash: its identifier is stored nowhere. So is the state the
machine was in: what was measured under another governor, clock limit or CPU quota is not taken for this one's, and
what was measured while the firmware slowed the processor down is not kept at all.
"""

import contextlib
import hashlib
import importlib.metadata
import itertools
import math
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from profiler import __version__
from profiler.base.errors import OutputError
from profiler.base.files import read_limited, write_whole
from profiler.machine.limits.measure import Target, choose_targets, measure_machine
from profiler.machine.limits.problems import tells_of_failure
from profiler.machine.limits.records import CoreLimits, MachineLimits
from profiler.machine.records import CoreType
from profiler.machine.sources.cgroup import cpu_quota
from profiler.machine.sources.cpufreq import read_frequencies, read_governors
from profiler.machine.sources.source import read_text
from profiler.machine.sources.throttling import NOW, read_throttled, read_under_voltage

MAX_BYTES = 1_000_000
FOLDER = "layout-profiler"
MAX_LATENCY_S = 1e-3
MAX_BYTES_PER_S = 1e15
MAX_FLOPS_PER_S = 1e16
MAX_RATIO = 1e6
_ROOT = Path("/")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def measure_once(
    core_types: Sequence[CoreType],
    *,
    use_numba: bool,
    cpus: Sequence[int] | None = None,
    on_stage: Callable[[str], None],
) -> MachineLimits:
    """What this machine can do at best: taken from the cache if it was measured since the last boot, else measured."""
    targets = choose_targets(core_types, cpus)
    known = load_measured(targets, use_numba=use_numba)
    if known is not None:
        return known
    measured = measure_machine(core_types, use_numba=use_numba, cpus=cpus, on_stage=on_stage)
    save_measured(measured, targets, use_numba=use_numba)
    return measured


def load_measured(targets: Sequence[Target], *, use_numba: bool) -> MachineLimits | None:
    """What was measured on these CPUs since the last boot, None if nothing was.

    A measurement that was asked for with numba also serves where none is asked for, not the other way round.
    """
    folder = cache_folder()
    if folder is None:
        return None
    for with_numba in (True,) if use_numba else (True, False):
        measured = _load(folder / _name(targets, use_numba=with_numba))
        if measured is not None:
            return measured
    return None


def save_measured(measured: MachineLimits, targets: Sequence[Target], *, use_numba: bool) -> None:
    """Keep a measurement, unless it is not worth it or nothing can be written.

    Not kept is one in which anything failed, or that ends while the firmware slows the processor down. One that was
    asked for with numba is kept as such only if every core's latency was measured.
    """
    folder = cache_folder()
    if folder is None or not measured.cores or any(map(tells_of_failure, measured.problems)) or _is_slowed():
        return
    use_numba = use_numba and all(core.method == "pointer chase" for core in measured.cores)
    with contextlib.suppress(OSError, OutputError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / _name(targets, use_numba=use_numba), msgspec.json.encode(measured), force=True)


def cache_folder() -> Path | None:
    """Where measurements are kept: the runtime folder if it is ours, which a reboot empties, else the user's cache."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "")
    with contextlib.suppress(OSError, ValueError):
        if runtime.is_absolute() and stat.S_ISDIR(runtime.stat().st_mode) and runtime.stat().st_uid == os.getuid():
            return runtime / FOLDER
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "")
    if cache.is_absolute():
        return cache / FOLDER
    try:
        return Path.home() / ".cache" / FOLDER
    except RuntimeError:  # no home
        return None


def measurement_key(targets: Sequence[Target]) -> str:
    """SHA-256 over all that a measurement holds for: the boot, this tool, its libraries, the CPUs and their state."""
    parts = [
        _boot(),
        __version__,
        *map(_version, ("numpy", "numba")),
        *(f"{core}:{cpu}" for core, cpu in targets),
        sorted(read_governors(_ROOT).items()),
        sorted(read_frequencies(_ROOT, "scaling_max_freq").items()),
        cpu_quota(_ROOT),
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _name(targets: Sequence[Target], *, use_numba: bool) -> str:
    return f"measured-{measurement_key(targets)}{'-numba' if use_numba else ''}.json"


def _is_slowed() -> bool:
    return bool((read_throttled(_ROOT, {}) or 0) & NOW) or read_under_voltage(_ROOT) is True


def _boot() -> str:
    known = read_text(_BOOT_ID)
    if known is not None:
        return known
    import psutil  # not on Linux

    return f"{psutil.boot_time():.0f}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _load(path: Path) -> MachineLimits | None:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            return None
        data = read_limited(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            return None
        measured = msgspec.json.decode(data, type=MachineLimits)
    except (OSError, ValueError, RecursionError):  # ValueError: every error of decoding is one
        return None
    is_sound = measured.tool_version == __version__ and measured.cores and all(map(_is_sound, _leaves(measured)))
    return measured if is_sound and all(map(_is_plausible, measured.cores)) else None


def _is_plausible(core: CoreLimits) -> bool:
    """Whether nothing is out of order, or faster or slower than any machine."""
    rates = [rate for point in core.bandwidths for rate in (point.read_bytes_per_s, point.copy_bytes_per_s or 0.0)]
    return (
        _ascends([point.buffer_bytes for point in core.latencies])
        and _ascends([point.buffer_bytes for point in core.bandwidths])
        and _ascends([knee.low_bytes for knee in core.knees])
        and all(knee.low_bytes < knee.high_bytes and knee.ratio <= MAX_RATIO for knee in core.knees)
        and all(point.latency_s <= MAX_LATENCY_S for point in core.latencies)
        and all(rate <= MAX_BYTES_PER_S for rate in rates)
        and all(peak.flops_per_s <= MAX_FLOPS_PER_S for peak in core.peaks)
        and len({peak.dtype for peak in core.peaks}) == len(core.peaks)
    )


def _ascends(sizes: Sequence[int]) -> bool:
    return all(one < other for one, other in itertools.pairwise(sizes))


def _leaves(record: Any) -> Iterator[Any]:
    """All values in a record, at any depth."""
    if isinstance(record, msgspec.Struct):
        record = msgspec.structs.astuple(record)
    if isinstance(record, tuple):
        for value in record:
            yield from _leaves(value)
    else:
        yield record


def _is_sound(value: Any) -> bool:
    """Whether a number is finite and not negative, and a text holds nothing that a terminal would act on."""
    if isinstance(value, str):
        return value.isprintable()
    return value is None or (math.isfinite(value) and value >= 0)
