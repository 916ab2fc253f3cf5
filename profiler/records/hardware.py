"""What a machine is, and its state at a moment."""

from typing import Generic, Literal, TypeVar

import msgspec

from profiler.records.base import Record

HARDWARE_SCHEMA = 1

T = TypeVar("T")


class Fact(Record, Generic[T], frozen=True, kw_only=True):
    """A value with the place it was read from and the text found there. `value` is None when unknown."""

    value: T | None
    source: str
    raw: str | None = None


class CacheInfo(Record, frozen=True, kw_only=True):
    """One kind of cache: sizes are of one instance. `shared_cpus` lists, for each instance, the CPUs that share it."""

    level: int
    type: Literal["data", "instruction", "unified"]
    size_bytes: int | None
    line_size_bytes: int | None
    ways_of_associativity: int | None
    number_of_sets: int | None
    shared_cpus: tuple[tuple[int, ...], ...]
    instances: int
    source: str


class CoreType(Record, frozen=True, kw_only=True):
    """One kind of core and the CPUs that are of it. `implementer` and `part` are the Arm MIDR fields."""

    name: str | None
    implementer: int | None
    part: int | None
    cpus: tuple[int, ...]
    source: str


class Board(Record, frozen=True, kw_only=True):
    """The board as its firmware names it."""

    model: Fact[str]
    compatible: tuple[str, ...]


class Memory(Record, frozen=True, kw_only=True):
    """Installed memory as the kernel sees it, and what was free to use at capture."""

    total_bytes: Fact[int]
    available_bytes: Fact[int]


class Conditions(Record, frozen=True, kw_only=True):
    """The machine's state at one moment.

    `at_s` counts from the start of this invocation. `canary_s` is the best of several times for a fixed task (sha256
    of 64 KiB): it catches throttling that no file shows. `frequencies_hz` and `governors` have an entry per cpufreq
    policy; `temperatures_celsius` one per thermal zone, named as the kernel names it. `throttled` is the Raspberry
    Pi firmware's `get_throttled` word. `wall_s` is how far the wall clock went since this invocation began, and
    `suspended_s` how long the machine slept since it booted: against `at_s` they tell a jump in time.
    """

    at_s: float
    utc: str
    canary_s: float | None = None
    governors: dict[str, str] = msgspec.field(default_factory=dict)
    frequencies_hz: dict[str, int] = msgspec.field(default_factory=dict)
    max_frequencies_hz: dict[str, int] = msgspec.field(default_factory=dict)
    temperatures_celsius: dict[str, float] = msgspec.field(default_factory=dict)
    throttled: int | None = None
    load_1min: float | None = None
    swap_used_bytes: int | None = None
    wall_s: float | None = None
    suspended_s: float | None = None


class HardwareInfo(Record, frozen=True, kw_only=True):
    """What a machine is. Names no serial number, host name or address."""

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
    virtualization: Fact[str]
    software: dict[str, str]
    conditions: Conditions
