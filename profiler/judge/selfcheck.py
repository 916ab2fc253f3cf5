"""What pairs with a known answer say of a device: how often its verdicts are false, and what they can tell apart."""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

from profiler.judge.records import Row, Verdict
from profiler.judge.statistics import log, proportion_interval
from profiler.judge.verdicts import Rule
from profiler.session.records import Control

ENOUGH_FOUND = 0.9  # of the pairs with a known difference
RESOLUTION_QUANTILE = 0.9


@dataclasses.dataclass(frozen=True)
class SelfCheckOutcome:
    """How often something came out, of how many, with the exact 95 % interval of its share."""

    count: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of the share, low and high end."""
        return proportion_interval(self.count, self.total)


@dataclasses.dataclass(frozen=True)
class SelfCheck:
    """The pairs of one runtime, or of all.

    `resolution` is the difference (0.04 means 4 %) that is called in nine of ten pairs: margin or noise floor plus
    the interval's half-width. `slowdown` is the median of the differences seen where one was built in. `allowed` is
    the share of false alarms that the rule allows a report of a single case.
    """

    runtime: str
    allowed: float
    false_alarms: SelfCheckOutcome
    equal: int
    found: SelfCheckOutcome
    wrong: int
    slowdown: float | None
    resolution: float | None

    @property
    def cries_wolf(self) -> bool:
        """Whether there are surely more false alarms than allowed, or a difference was seen the wrong way round."""
        return self.false_alarms.interval[0] > self.allowed or self.wrong > 0

    @property
    def is_blind(self) -> bool:
        """Whether surely too few known differences are found."""
        return self.found.interval[1] < ENOUGH_FOUND

    @property
    def is_trustworthy(self) -> bool:
        """Whether verdicts can be trusted: false alarms are not too many, and known differences are found."""
        return not self.cries_wolf and not self.is_blind


def check_runtime(runtime: str, rows: Sequence[Row], alone: Mapping[str, Verdict], rule: Rule) -> SelfCheck | None:
    """What the pairs say; None where one kind of pair was not measured.

    Args:
        runtime: whose they are, for the table.
        rows: those of its identical and its slowed-down pairs, judged together.
        alone: the verdict of each case judged by itself, as in a report of one case: where false alarms are likeliest.
        rule: the rule they were judged by.
    """
    measured = [found for found in rows if found.speedup is not None]
    identical = [found for found in measured if found.case.control is Control.IDENTICAL]
    slower = [found for found in measured if found.case.control is Control.SLOWER]
    if not identical or not slower:
        return None
    alarms = sum(alone[found.case.id] in (Verdict.PAYS_OFF, Verdict.COSTS) for found in identical)
    found_slower = sum(found.verdict is Verdict.PAYS_OFF for found in slower)
    effects = [log(found.speedup.point) for found in slower if found.speedup is not None]
    return SelfCheck(
        runtime=runtime,
        allowed=rule.error,
        false_alarms=SelfCheckOutcome(alarms, len(identical)),
        equal=sum(found.verdict is Verdict.EQUAL for found in identical),
        found=SelfCheckOutcome(found_slower, len(slower)),
        wrong=sum(found.verdict in (Verdict.COSTS, Verdict.EQUAL) for found in slower),
        slowdown=math.expm1(statistics.median(effects)),
        resolution=_resolution(measured, rule),
    )


def _resolution(rows: Sequence[Row], rule: Rule) -> float | None:
    needed = sorted(
        max(rule.bound, math.log1p(found.noise_floor)) + (log(found.speedup.high) - log(found.speedup.low)) / 2
        for found in rows
        if found.speedup is not None and found.noise_floor is not None and math.isfinite(found.noise_floor)
    )
    if not needed:
        return None
    return math.expm1(needed[math.ceil(RESOLUTION_QUANTILE * len(needed)) - 1])
