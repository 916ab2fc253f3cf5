"""How many sets of arms a block should load, and how many rounds it should time: chosen from a pilot.

The effect of a block varies at three levels: from pass to pass (process), from set to set (where the arms were placed)
and from round to round (slices). Each level costs time of its own. As in Kalibera & Jones (2013, "Rigorous benchmarking
in reasonable time", section 6) the numbers of repetitions are those that make the variance of the mean smallest for
the time spent; they solve for one level after the other, here all designs within the limits are compared.
"""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

from profiler.judge.contrasts import EFFECT, contrast_of
from profiler.session.records import ArmSet, Block, Start

PILOT_PASSES = (1, 2, 3)  # the passes that load two sets where that is cheap; pass 0 shows whether it is
PILOT_SETS = 2
CHEAP_BLOCK_S = 0.5
MAX_SETS = 4
ROUNDS = (5, 31)  # fewest and most; odd numbers alone: a median is then one of them


@dataclasses.dataclass(frozen=True)
class Design:
    """What a block does: load four arms `sets` times, and time each set in `rounds` rounds."""

    sets: int
    rounds: int


@dataclasses.dataclass(frozen=True)
class Components:
    """Variances of the effect at each level, and what a repetition of each level costs in seconds."""

    pass_variance: float
    set_variance: float
    round_variance: float
    pass_s: float
    set_s: float
    round_s: float

    def best(self) -> Design:
        """The design that narrows the interval most for the time spent: few enough to try them all."""
        designs = [
            Design(sets, rounds) for sets in range(1, MAX_SETS + 1) for rounds in range(ROUNDS[0], ROUNDS[1] + 1, 2)
        ]
        return min(designs, key=self.variance_per_second)

    def variance_of_set(self, rounds: int) -> float:
        """The variance of the effect of one set, of so many rounds, between the sets of one pass."""
        return self.set_variance + self.round_variance / rounds

    def variance_per_second(self, design: Design) -> float:
        """Variance of the mean effect after one second spent on passes of this design: smaller is better."""
        variance = self.pass_variance + self.variance_of_set(design.rounds) / design.sets
        return variance * (self.pass_s + design.sets * (self.set_s + design.rounds * self.round_s))


def choose_designs(
    blocks: Mapping[str, Sequence[Block]], starts: Sequence[Start], *, pass_index: int, rounds: int
) -> dict[str, Design]:
    """The design of the cases of one runtime, given all its blocks so far.

    Args:
        blocks: the blocks of each open case.
        starts: the workers of the runtime so far: their cost is shared by the cases still open.
        pass_index: the pass to design.
        rounds: how many to time where nothing is known.
    """
    designs = {}
    components = pool_components(blocks, starts)
    for case, found in blocks.items():
        is_cheap = bool(found) and max(map(block_seconds, found)) < CHEAP_BLOCK_S * max(1, len(found[-1].sets))
        if not is_cheap or pass_index < min(PILOT_PASSES):
            designs[case] = Design(1, rounds)
        elif components is None or pass_index <= max(PILOT_PASSES):
            designs[case] = Design(PILOT_SETS, rounds)
        else:
            designs[case] = components.best()
    return designs


def pool_components(blocks: Mapping[str, Sequence[Block]], starts: Sequence[Start]) -> Components | None:
    """The components of a runtime, medians over its cases; None before a pilot of two sets in two passes."""
    pilots = {
        case: [block for block in found if len(block.sets) == PILOT_SETS and block.pass_index in PILOT_PASSES]
        for case, found in blocks.items()
    }
    known = [_components(found) for found in pilots.values() if len(found) > 1]
    if not known:
        return None
    start_s = statistics.median(start.start_s for start in starts) if starts else 0.0
    sets = [arm_set for found in pilots.values() for block in found for arm_set in block.sets]
    return Components(
        pass_variance=statistics.median(found[0] for found in known),
        set_variance=statistics.median(found[1] for found in known),
        round_variance=statistics.median(found[2] for found in known),
        pass_s=start_s / len(blocks),
        set_s=statistics.median(arm_set.load_s for arm_set in sets),
        round_s=statistics.median(arm_set.rounds_s / arm_set.rounds for arm_set in sets),
    )


def block_seconds(block: Block) -> float:
    """How many seconds loading and timing all sets of a block took."""
    return sum(arm_set.load_s + arm_set.rounds_s for arm_set in block.sets)


def _components(blocks: Sequence[Block]) -> tuple[float, float, float]:
    """Variances between passes, between sets and between rounds of one case."""
    effects = [[statistics.median(round_effects(arm_set)) for arm_set in block.sets] for block in blocks]
    between_sets = statistics.fmean(statistics.variance(found) for found in effects)
    means = [statistics.fmean(found) for found in effects]
    between_rounds = statistics.fmean(_median_variance(round_effects(s)) for block in blocks for s in block.sets)
    rounds = min(arm_set.rounds for block in blocks for arm_set in block.sets)
    return (
        max(0.0, statistics.variance(means) - between_sets / PILOT_SETS),
        max(0.0, between_sets - between_rounds / rounds),
        between_rounds,
    )


def round_effects(arm_set: ArmSet) -> list[float]:
    """The effect of each round by itself."""
    slices = arm_set.slices_ns
    return [
        contrast_of({arm: math.log(times[at]) for arm, times in slices.items()}, EFFECT) for at in range(arm_set.rounds)
    ]


def _median_variance(values: Sequence[float]) -> float:
    """The variance that, divided by n, is that of a median of n: pi/2 of one that spikes do not inflate (by MAD)."""
    middle = statistics.median(values)
    deviation = 1.4826 * statistics.median(abs(value - middle) for value in values)
    return math.pi / 2 * deviation**2
