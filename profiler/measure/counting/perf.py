"""Linux perf events by system call: open one, count a piece of work with it, read it. User space only."""

import ctypes
import dataclasses
import errno
import fcntl
import os
import platform
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from profiler.measure.counting.events import Event

# perf_event_open by `uname -m`: the kernel's arch/x86/entry/syscalls/syscall_64.tbl, arch/arm/tools/syscall.tbl and
# include/uapi/asm-generic/unistd.h
_NUMBERS = {"x86_64": 298, "aarch64": 241, "arm64": 241, "riscv64": 241, "armv8l": 364, "armv7l": 364, "armv6l": 364}
_NUMBERS_32_BIT = {"x86_64": 336, "i686": 336, "aarch64": 364}  # mostly a 32-bit program on a 64-bit kernel
_SIZE = 64  # PERF_ATTR_SIZE_VER0: every kernel takes it
_FLAGS = 1 << 0 | 1 << 5 | 1 << 6  # disabled, exclude_kernel, exclude_hv
_READ_FORMAT = 1 << 0 | 1 << 1  # PERF_FORMAT_TOTAL_TIME_ENABLED, ..._RUNNING
_CLOSE_ON_EXEC = 1 << 3
_ENABLE, _DISABLE, _RESET = 0x2400, 0x2401, 0x2403  # PERF_EVENT_IOC_*
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
NO_UNIT = (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.ENXIO)


class Perf(Protocol):
    """The kernel's part in counting events, behind a protocol so that tests can have another."""

    def open(self, event: Event) -> int:
        """A file descriptor that counts the event in this thread once enabled.

        Raises:
            OSError: the kernel does not give it.
        """
        ...

    def switch(self, descriptor: int, *, on: bool) -> None:
        """Set the count to 0 and begin counting, or end it."""
        ...

    def read(self, descriptor: int) -> bytes:
        """Three numbers of 64 bits: the count, nanoseconds enabled, nanoseconds that it was really on a counter."""
        ...

    def close(self, descriptor: int) -> None:
        """Give the file descriptor back to the kernel."""
        ...


class LinuxPerf:
    """The events of the running Linux kernel, by `perf_event_open` and `ioctl`."""

    def open(self, event: Event) -> int:
        """A file descriptor that counts the event in this thread once enabled.

        Raises:
            OSError: the kernel does not give it, or the number of its system call is not known here.
        """
        number = call_number(platform.machine(), pointer_bytes=struct.calcsize("P"))
        if number is None:
            raise OSError(errno.ENOSYS, f"the number of perf_event_open on {platform.machine()} is not known here")
        attributes = ctypes.create_string_buffer(event_attributes(event), _SIZE)
        syscall = ctypes.CDLL(None, use_errno=True).syscall
        syscall.restype = ctypes.c_long
        long = ctypes.c_long
        descriptor: int = syscall(
            long(number), attributes, long(0), long(-1), long(-1), ctypes.c_ulong(_CLOSE_ON_EXEC)
        )  # this thread, any CPU, no group
        if descriptor < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return descriptor

    def switch(self, descriptor: int, *, on: bool) -> None:
        """Set the count to 0 and begin counting, or end it."""
        if on:
            fcntl.ioctl(descriptor, _RESET, 0)
        fcntl.ioctl(descriptor, _ENABLE if on else _DISABLE, 0)

    def read(self, descriptor: int) -> bytes:
        """Three numbers of 64 bits: the count, nanoseconds enabled, nanoseconds that it was really on a counter."""
        return os.read(descriptor, 24)

    def close(self, descriptor: int) -> None:
        """Give the file descriptor back to the kernel."""
        os.close(descriptor)


@dataclasses.dataclass(frozen=True)
class CounterReading:
    """A count, or why there is none. It is scaled up where the event had a counter for a part of the time only."""

    count: float = 0.0
    problem: str | None = None


def count_event(perf: Perf, event: Event, work: Callable[[], object]) -> CounterReading:
    """How often the event happens while the work is done."""
    try:
        descriptor = perf.open(event)
    except OSError as error:
        return CounterReading(problem=refusal(error.errno or 0, error.strerror or str(error)))
    try:
        perf.switch(descriptor, on=True)
        work()
        perf.switch(descriptor, on=False)
        data = perf.read(descriptor)
    except OSError as error:
        return CounterReading(problem=f"opened, but cannot be read: {error.strerror or error}")
    finally:
        perf.close(descriptor)
    if len(data) != struct.calcsize("=QQQ"):
        return CounterReading(problem=f"opened, but gave {len(data)} bytes instead of three numbers")
    value, enabled_ns, running_ns = struct.unpack("=QQQ", data)
    if running_ns == 0:
        return CounterReading(problem="opened, but never got a counter: others hold them all")
    return CounterReading(count=value * max(1.0, enabled_ns / running_ns))


def call_number(machine: str, *, pointer_bytes: int) -> int | None:
    """The system call's number for a program with such pointers; None where it is not known here."""
    if pointer_bytes == 4:  # noqa: PLR2004 - 32 bits
        return _NUMBERS_32_BIT.get(machine) or (_NUMBERS.get(machine) if machine.startswith("arm") else None)
    return None if machine.startswith("armv") else _NUMBERS.get(machine)


def event_attributes(event: Event) -> bytes:
    """`struct perf_event_attr` in its first version: type, size, config, sampling (none), read format, flags."""
    return struct.pack("=IIQQQQQIIQ", event.type, _SIZE, event.config, 0, 0, _READ_FORMAT, _FLAGS, 0, 0, 0)


def refusal(code: int, words: str, *, paranoid: Path = PARANOID) -> str:
    """Why the kernel does not give an event, and what helps."""
    if code in NO_UNIT:
        return "this machine offers no such counter (no PMU: a virtual machine, or a kernel without its driver)"
    if code in (errno.EACCES, errno.EPERM):
        try:
            level = paranoid.read_text().strip()
        except OSError:
            level = "unknown"
        return (
            f"not allowed (perf_event_paranoid is {level[:12]}; at most 2 is needed: sudo sysctl "
            "kernel.perf_event_paranoid=2; a container may forbid it besides)"
        )
    if code == errno.ENOSYS:
        return "there is no perf_event_open here (an emulator, a container's filter, or a kernel without it)"
    return f"refused: {words}"
