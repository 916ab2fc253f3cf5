"""The hardware report of this machine with what it can do at best."""

import importlib.util
from collections.abc import Callable

from profiler.machine.capture import capture_hardware
from profiler.machine.limits.cache import load_measured, measure_once, save_measured
from profiler.machine.limits.measure import choose_targets, measure_machine
from profiler.machine.records import HardwareInfo


def capture_known() -> HardwareInfo:
    """The report with what was measured since the last boot, if anything was."""
    hardware = capture_hardware()
    measured = load_measured(choose_targets(hardware.core_types), use_numba=False)
    return hardware if measured is None else capture_hardware(measured=measured)


def capture_limits(*, on_stage: Callable[[str], None]) -> HardwareInfo:
    """The report with what was measured since the last boot, or else is now, lightly: without numba."""
    measured = measure_once(capture_hardware().core_types, use_numba=False, on_stage=on_stage)
    return capture_hardware(measured=measured)


def capture_measured(*, on_stage: Callable[[str], None]) -> HardwareInfo:
    """The report with everything measured now, with numba where it is installed, and kept until the next boot."""
    core_types = capture_hardware().core_types
    use_numba = importlib.util.find_spec("numba") is not None
    measured = measure_machine(core_types, use_numba=use_numba, on_stage=on_stage)
    save_measured(measured, choose_targets(core_types), use_numba=use_numba)
    return capture_hardware(measured=measured)
