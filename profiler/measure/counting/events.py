"""The hardware events worth counting here, as Linux numbers them (include/uapi/linux/perf_event.h)."""

import dataclasses

_HARDWARE, _HW_CACHE, _RAW = 0, 3, 4  # perf_type_id
_L1D, _LL = 0, 2  # perf_hw_cache_id
_READ_MISS = 0 << 8 | 1 << 16  # PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_MISS


@dataclasses.dataclass(frozen=True)
class Event:
    """One event. `machines` are the starts of `uname -m` that have it, empty for all."""

    name: str
    type: int
    config: int
    machines: tuple[str, ...] = ()


L1D_READ_MISSES = Event("L1D read misses", _HW_CACHE, _L1D | _READ_MISS)
LLC_READ_MISSES = Event("LLC read misses", _HW_CACHE, _LL | _READ_MISS)
# Arm's own numbers, the same on every core since Armv7: Arm DDI 0487, D13, common event numbers
L1D_REFILLS = Event("l1d_cache_refill", _RAW, 0x03, ("aarch64", "arm"))
L2D_REFILLS = Event("l2d_cache_refill", _RAW, 0x17, ("aarch64", "arm"))
INSTRUCTIONS = Event("instructions", _HARDWARE, 1)

EVENTS = (
    L1D_READ_MISSES,
    LLC_READ_MISSES,
    L1D_REFILLS,
    L2D_REFILLS,
    Event("cache-misses", _HARDWARE, 3),
    Event("cycles", _HARDWARE, 0),
    INSTRUCTIONS,
)
# Which of them stand for the misses of a level, the best first
D1_EVENTS = (L1D_READ_MISSES.name, L1D_REFILLS.name)
LL_EVENTS = (LLC_READ_MISSES.name, L2D_REFILLS.name)


def events_of(machine: str) -> tuple[Event, ...]:
    """The events that a machine may have; `machine` as `uname -m` says it."""
    return tuple(event for event in EVENTS if not event.machines or machine.startswith(event.machines))
