"""How large buffers may be, which sizes are measured, and how much time each stage may take."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence

MIN_BYTES = 4 << 10
MIN_BANDWIDTH_BYTES = 8 << 10  # going over less is mostly overhead; the smallest first-level caches have 16 KiB
MAX_BYTES = 64 << 20  # a larger one does not fit a quarter of a 512 MB board, and tells nothing new there
LIGHT_MAX_BYTES = 32 << 20  # without numba the measurement precedes others and shall be short
MEMORY_PART = 4  # of what is available
NUMBA_BYTES = 640 << 20  # numba itself takes 90 to 157 MB, which shall be a quarter of what is available too
SIDE_SHARE = 1.5  # the buffer and the index arrays that lay the chain through it, against the buffer alone
FINE_BYTES = (16 << 10, 4 << 20)  # where L1 and L2 end, and points cost little
CHASE_SHARE = 0.45
BANDWIDTH_SHARE = 0.4
PEAK_SHARE = 0.1
BUDGET_S = 8.0
LIGHT_BUDGET_S = 4.0
MIN_BUDGET_S = 3.0


def largest_buffer(available_bytes: int, *, use_numba: bool) -> int:
    """The most bytes a buffer may have, so that all arrays alive at once fit a quarter of the available memory."""
    allowed = int(available_bytes / MEMORY_PART / SIDE_SHARE)
    return max(MIN_BANDWIDTH_BYTES, min(allowed, MAX_BYTES if use_numba else LIGHT_MAX_BYTES))


def core_budget(core_types: int, *, use_numba: bool) -> float:
    """Seconds of measuring for each core type: all types share one budget, but none gets too little to tell."""
    return max(MIN_BUDGET_S, (BUDGET_S if use_numba else LIGHT_BUDGET_S) / max(1, core_types))


def point_sizes(largest_bytes: int, *, smallest_bytes: int = MIN_BYTES, is_fine: bool = False) -> tuple[int, ...]:
    """Two sizes an octave, ascending from a power of two; with `is_fine` four where small caches end."""
    sizes = []
    octave = smallest_bytes
    while octave <= largest_bytes:
        quarters = (0, 1, 2, 3) if is_fine and FINE_BYTES[0] <= octave < FINE_BYTES[1] else (0, 2)
        sizes += [octave + octave * quarter // 4 for quarter in quarters]
        octave *= 2
    return tuple(size for size in sizes if size <= largest_bytes)


class Budget:
    """The time that one stage may take for all its sizes, in two sweeps.

    A disturbance that lasts hardly meets the same size twice. Where time is short the largest sizes are left out, of
    the second sweep and then of the first; `left_out` holds those that were not measured at all.
    """

    def __init__(self, total_s: float, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.total_s = total_s
        self.left_out: tuple[int, ...] = ()
        self._clock = clock
        self._end_s = clock() + total_s

    def sweeps(self, sizes: Sequence[int]) -> Iterator[int]:
        """The sizes, ascending, and then again, as far as the time goes. The first one is never left out."""
        done = yield from self._sweep(sizes)
        self.left_out = tuple(sizes[done:])
        yield from self._sweep(sizes[:done])

    def _sweep(self, sizes: Sequence[int]) -> Generator[int, None, int]:
        """Ends before the size that would take longer than what is left: as long as the last one took, by size."""
        last_s, last_bytes = 0.0, 1
        for at, size in enumerate(sizes):
            start_s = self._clock()
            if start_s + last_s * size / last_bytes > self._end_s and at:
                return at
            yield size
            last_s, last_bytes = self._clock() - start_s, size
        return len(sizes)
