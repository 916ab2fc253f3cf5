"""What a machine is, and its state at a moment."""

from typing import Generic, Literal, TypeVar

import msgspec

from profiler.base.record import Record
from profiler.machine.limits.records import MachineLimits

HARDWARE_SCHEMA = 3

T = TypeVar("T")


class Fact(Record, Generic[T], frozen=True, kw_only=True):
    """A value with the place it was read from and the text found there. `value` is None when unknown."""

    value: T | None
    source: str
    raw: str | None = None


_UNKNOWN: Fact[str] = Fact(value=None, source="unknown")
_UNKNOWN_COUNT: Fact[int] = Fact(value=None, source="unknown")
_UNKNOWN_NUMBER: Fact[float] = Fact(value=None, source="unknown")


class Origin(Record, frozen=True, kw_only=True):
    """Where one field of a record was read, and the text found there."""

    source: str
    raw: str | None = None


class Statement(Record, frozen=True, kw_only=True):
    """What one source says of a fact, in words."""

    value: str
    source: str
    raw: str | None = None


class Conflict(Record, frozen=True, kw_only=True):
    """A fact on which sources differ: the statement that the report uses, and all others. Numbers are in `unit`."""

    fact: str
    used: Statement
    others: tuple[Statement, ...]
    unit: str | None = None


class CacheInfo(Record, frozen=True, kw_only=True):
    """One kind of cache: sizes are of one instance. `shared_cpus` lists, for each instance, the CPUs that share it.

    `level` is the number its source gives it (the L3 of an RK3566 is called level 2). `core` is the core type that
    has it, None where CPUs of several types share it. `source` says where the size comes from, `origins` the same for
    every field. None is unknown: where nobody tells who shares a cache, `instances` is None and `shared_cpus` empty.
    """

    level: int
    type: Literal["data", "instruction", "unified"]
    size_bytes: int | None
    line_size_bytes: int | None
    ways_of_associativity: int | None
    number_of_sets: int | None
    shared_cpus: tuple[tuple[int, ...], ...]
    instances: int | None
    source: str
    core: str | None = None
    origins: dict[str, Origin] = msgspec.field(default_factory=dict)


class CoreType(Record, frozen=True, kw_only=True):
    """One kind of core and the CPUs that are of it. `implementer` and `part` are the Arm MIDR fields."""

    name: str | None
    implementer: int | None
    part: int | None
    cpus: tuple[int, ...]
    source: str


class ClockDomain(Record, frozen=True, kw_only=True):
    """CPUs that share a clock (a cpufreq policy), and the range the hardware allows."""

    policy: str
    cpus: tuple[int, ...]
    core: str | None
    min_hz: int | None
    max_hz: int | None
    source: str


class Board(Record, frozen=True, kw_only=True):
    """The board as its firmware names it. `table_id` is its row in the board table, `note` what that says besides."""

    model: Fact[str]
    compatible: tuple[str, ...]
    soc: Fact[str] = _UNKNOWN
    table_id: str | None = None
    note: Fact[str] = _UNKNOWN


class Memory(Record, frozen=True, kw_only=True):
    """Installed memory as the kernel sees it, what was free to use at capture, and what the board table says of it."""

    total_bytes: Fact[int]
    available_bytes: Fact[int]
    kind: Fact[str] = _UNKNOWN
    theoretical_bytes_per_s: Fact[float] = _UNKNOWN_NUMBER


class Environment(Record, frozen=True, kw_only=True):
    """What stands between this program and the hardware: "none" where nothing was found, None where nobody tells.

    `userland` says how many bits programs have, and whether the kernel has more.
    """

    vm: Fact[str] = _UNKNOWN
    container: Fact[str] = _UNKNOWN
    emulation: Fact[str] = _UNKNOWN
    userland: Fact[str] = _UNKNOWN


class System(Record, frozen=True, kw_only=True):
    """What stays the same from boot to boot of one installation, beside system and kernel."""

    firmware: Fact[str] = _UNKNOWN
    page_size_bytes: Fact[int] = _UNKNOWN_COUNT
    transparent_huge_pages: Fact[str] = _UNKNOWN
    huge_pages: Fact[int] = _UNKNOWN_COUNT
    numa_nodes: Fact[int] = _UNKNOWN_COUNT


class Conditions(Record, frozen=True, kw_only=True):
    """The machine's state at one moment.

    `at_s` counts from the start of this invocation. `canary_s` is the best of several times for a fixed task (sha256
    of 64 KiB): it catches throttling that no file shows. `frequencies_hz` and `governors` have an entry per cpufreq
    policy; `temperatures_celsius` one per thermal zone, named as the kernel names it. `throttled` is the Raspberry
    Pi firmware's `get_throttled` word; `under_voltage` is the kernel's own alarm. `firmware_frequency_hz` is the
    clock the Raspberry Pi firmware measured, where cpufreq tells what was asked for. `cpus_allowed` is this process'
    affinity, `cpu_quota` how many CPUs' time its control group may use. `wall_s` is how far the wall clock went since
    this invocation began, and `suspended_s` how long the machine slept since it booted: against `at_s` they tell a jump
    in time.
    """

    at_s: float
    utc: str
    canary_s: float | None = None
    governors: dict[str, str] = msgspec.field(default_factory=dict)
    frequencies_hz: dict[str, int] = msgspec.field(default_factory=dict)
    min_frequencies_hz: dict[str, int] = msgspec.field(default_factory=dict)
    max_frequencies_hz: dict[str, int] = msgspec.field(default_factory=dict)
    temperatures_celsius: dict[str, float] = msgspec.field(default_factory=dict)
    throttled: int | None = None
    under_voltage: bool | None = None
    firmware_frequency_hz: int | None = None
    cpus_allowed: tuple[int, ...] | None = None
    cpu_quota: float | None = None
    memory_limit_bytes: int | None = None
    load_1min: float | None = None
    swap_used_bytes: int | None = None
    wall_s: float | None = None
    suspended_s: float | None = None


class HardwareInfo(Record, frozen=True, kw_only=True):
    """What a machine is. Holds no serial number, host name or address."""

    schema_version: int
    tool_version: str
    cpu_name: Fact[str]
    cpu_flags: Fact[tuple[str, ...]]
    core_types: tuple[CoreType, ...]
    logical_cpus: Fact[int]
    physical_cores: Fact[int]
    caches: tuple[CacheInfo, ...]
    memory: Memory
    board: Board
    machine: Fact[str]
    pointer_bits: Fact[int]
    operating_system: Fact[str]
    kernel: Fact[str]
    software: dict[str, str]
    conditions: Conditions
    clock_domains: tuple[ClockDomain, ...] = ()
    environment: Environment = Environment()
    system: System = System()
    conflicts: tuple[Conflict, ...] = ()
    measured: MachineLimits | None = None


class Noise(Record, frozen=True, kw_only=True):
    """What a worker saw of its surroundings while it timed a block.

    `canary_s` is the fixed task's time before and after. `cpu_s` of the `elapsed_s` it had the CPU; `other_cpu_s` is
    what all other processes used of all CPUs meanwhile. Page faults and swapped pages are those of that time.
    """

    canary_s: tuple[float, float]
    elapsed_s: float
    cpu_s: float
    other_cpu_s: float | None = None
    major_faults: int | None = None
    minor_faults: int | None = None
    involuntary_switches: int | None = None
    swapped_pages: int | None = None
