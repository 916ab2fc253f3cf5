"""Why a runtime died of an illegal instruction: its wheel was built for newer cores than this machine has."""

import signal
from collections.abc import Iterator
from typing import NamedTuple

from profiler.machine.environment import architecture_of
from profiler.machine.records import HardwareInfo
from profiler.runtimes.builtin import BUILT_IN
from profiler.session.records import Failure, Session, Stage

# The newest torch on PyPI for 64-bit Arm that is CPU-only and runs without Armv8.1's atomics (constraints.txt pins it).
# 2.10.0 executes one as its library is loaded: an `ldaddal` in the allocator inside libc10.so (pytorch issue 176993).
ARMV8_0_TORCH = "2.9.1"
ATOMICS = "atomics"  # as /proc/cpuinfo calls them


class WrongWheel(NamedTuple):
    """What died on which cores, and what to install instead."""

    text: str
    next_step: str


def find_wrong_wheels(session: Session) -> Iterator[WrongWheel]:
    """One for each runtime that died of SIGILL."""
    died = {failure.runtime: failure for failure in session.failures if failure.signal == signal.SIGILL}
    for failure in died.values():
        yield _wrong_wheel(failure, session.header.hardware)


def _wrong_wheel(failure: Failure, hardware: HardwareInfo) -> WrongWheel:
    info = BUILT_IN.get(failure.runtime)
    package = info.package if info else failure.runtime
    version = hardware.software.get(package)
    build = f"{package} {version}" if version else f"the installed build of {package}"
    when = "while it was imported" if failure.stage is Stage.START else "at work"
    lacking = _lacks_atomics(hardware)
    cores = " and ".join(dict.fromkeys(core.name for core in hardware.core_types if core.name)) or "this CPU"
    lack = f" ({cores}: Armv8.0, without the atomics of Armv8.1)" if lacking else f" ({cores})"
    if lacking and package == "torch" and version != ARMV8_0_TORCH:
        next_step = f"pip install torch=={ARMV8_0_TORCH}, the newest on PyPI that is CPU-only and runs on Armv8.0"
    else:
        next_step = f"install another version of {package}, or leave the runtime out with --runtime"
    return WrongWheel(
        text=f"{failure.runtime} died of SIGILL, an illegal instruction, {when}: {build} was built for newer cores "
        f"than this machine's{lack}",
        next_step=next_step,
    )


def _lacks_atomics(hardware: HardwareInfo) -> bool:
    flags = hardware.cpu_flags.value
    is_64_bit = hardware.pointer_bits.value == 64  # noqa: PLR2004 - bits
    return (
        architecture_of(hardware.machine.value) == "arm" and is_64_bit and bool(flags) and ATOMICS not in (flags or ())
    )
