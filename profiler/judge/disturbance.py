"""What disturbed a block: the rule that marks it, and which block of a repeated pass counts.

The marks follow from the machine's state alone and never from how the arms compare, so that leaving marked blocks out
cannot bend a result.
"""

import statistics
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from profiler.machine.records import Conditions, Noise
from profiler.machine.sources.throttling import NOW
from profiler.session.records import Block, Disturbance

CANARY_DRIFT = 0.05  # a fixed task that takes 5 % longer: the machine changed under the block
FOREIGN_CPUS = 0.5  # processors that others used, on average over a block: they share caches and memory with it
STOLEN_SHARE = 0.05  # of its time in which the worker had no CPU
MIN_CANARIES = 5  # before so many blocks nobody can say what the canary takes here
CLOCK_JUMP_S = 2.0  # between the wall clock and the monotonic one
SUSPENDED_S = 0.5


def disturbances(noise: Noise, *, threads: int, canaries: Collection[float]) -> list[Disturbance]:
    """What a worker's own evidence shows.

    Args:
        noise: what it saw.
        threads: how many CPUs it may have used.
        canaries: the canary's times in earlier blocks of the run, each the larger of before and after.
    """
    found = []
    before, after = noise.canary_s
    usual = statistics.median(canaries) if len(canaries) >= MIN_CANARIES else min(before, after)
    if max(before, after) > (1 + CANARY_DRIFT) * usual:
        found.append(Disturbance.CANARY)
    if noise.other_cpu_s is not None and noise.other_cpu_s > FOREIGN_CPUS * noise.elapsed_s:
        found.append(Disturbance.FOREIGN_LOAD)
    if threads == 1 and noise.cpu_s < (1 - STOLEN_SHARE) * noise.elapsed_s:
        found.append(Disturbance.PREEMPTED)
    if noise.major_faults:
        found.append(Disturbance.PAGE_FAULTS)
    if noise.swapped_pages:
        found.append(Disturbance.SWAP)
    return found


def changes(before: Conditions, after: Conditions) -> list[Disturbance]:
    """What two looks at the machine show to have happened between them."""
    found = []
    if after.throttled is not None and after.throttled & NOW:
        found.append(Disturbance.THROTTLED)
    if before.governors != after.governors:
        found.append(Disturbance.GOVERNOR)
    slept = (after.suspended_s or 0.0) - (before.suspended_s or 0.0)
    if slept > SUSPENDED_S:
        found.append(Disturbance.SUSPENDED)
    if before.wall_s is not None and after.wall_s is not None:
        jump = (after.wall_s - before.wall_s) - (after.at_s - before.at_s) - slept
        if abs(jump) > CLOCK_JUMP_S:
            found.append(Disturbance.CLOCK)
    return found


def canary_of(block: Block) -> float | None:
    """The larger of both times of a block's canary, before and after."""
    return max(block.noise.canary_s) if block.noise else None


def counted_blocks(blocks: Sequence[Block], cases: Sequence[str]) -> Mapping[str, list[Block]]:
    """For each case the blocks that count, in order of passes, one a pass."""
    chosen: dict[str, dict[int, Block]] = {case: {} for case in cases}
    for block in blocks:
        chosen[block.case][block.pass_index] = better_attempt(chosen[block.case].get(block.pass_index), block)
    return {case: counted([passes[index] for index in sorted(passes)]) for case, passes in chosen.items()}


class _HasMarks(Protocol):
    @property
    def disturbed_by(self) -> tuple[Disturbance, ...]: ...


Attempt = TypeVar("Attempt", bound=_HasMarks)


def better_attempt(known: Attempt | None, later: Attempt) -> Attempt:
    """Which of two attempts at a pass counts: the last undisturbed one, or else the last."""
    return later if known is None or known.disturbed_by or not later.disturbed_by else known


def counted(passes: Sequence[Attempt]) -> list[Attempt]:
    """The undisturbed passes; all of them where more than half are disturbed: then this is how the machine is."""
    quiet = [attempt for attempt in passes if not attempt.disturbed_by]
    return quiet if 2 * len(quiet) >= len(passes) else list(passes)
