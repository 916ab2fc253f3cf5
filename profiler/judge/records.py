"""What analysis makes of a session."""

import enum

from profiler.base.record import Record
from profiler.models.layout import WeightLayout
from profiler.session.records import Case


class Estimate(Record, frozen=True, kw_only=True):
    """A point with its confidence interval."""

    point: float
    low: float
    high: float
    confidence_level: float


class Verdict(enum.StrEnum):
    """The answer for one case."""

    PAYS_OFF = "pays off"
    COSTS = "costs"
    EQUAL = "equal"
    UNDECIDED = "undecided"


class Overhead(Record, frozen=True, kw_only=True):
    """What a call costs without its layers: the identity model in the same runtime.

    `share` is its part of the faster layout's call. `effect` is the log speedup with it taken off on both sides; None
    where a call is hardly longer than that.
    """

    time_s: float
    share: float
    effect: Estimate | None

    @property
    def is_bound(self) -> bool:
        """Whether it is over half of a call."""
        return self.share > 0.5  # noqa: PLR2004 - half


class LimitedBy(enum.StrEnum):
    """What a call cannot be faster than."""

    COMPUTE = "compute"
    MEMORY = "memory"


class Limit(Record, frozen=True, kw_only=True):
    """The least seconds a call can take on this machine by measured peak and bandwidth, and what it reaches of that.

    `level` is where its data live (`L2`, `memory`), `fractions` the bound over each layout's time.
    """

    flops: int
    bytes: int
    level: str
    limited_by: LimitedBy
    bound_s: float
    fractions: dict[WeightLayout, float]


class RegimeBound(enum.StrEnum):
    """What the calls of a case are bound by.

    Overhead: over half of a call is the runtime's own. Memory, compute: the faster layout reaches most of the measured
    bandwidth or peak. Neither: it reaches far less of both, so latency and instructions set the time.
    """

    OVERHEAD = "overhead"
    MEMORY = "memory"
    COMPUTE = "compute"
    NEITHER = "neither"
    UNKNOWN = "unknown"


class Regime(Record, frozen=True, kw_only=True):
    """Where a case's weights live (`L2`, `memory`), what its calls are bound by, whether both layouts are packed."""

    level: str
    bound_by: RegimeBound
    is_packed: bool


class CostComparison(Record, frozen=True, kw_only=True):
    """What the layouts of a case cost beside speed.

    Each layout has its estimates over passes; `load_effect` and `first_call_effect` are log(in_out / out_in), above 0
    where OUT_IN is faster, with the verdict over all cases of the session. Memory in bytes.
    """

    repeats: int
    load_s: dict[WeightLayout, Estimate]
    first_call_s: dict[WeightLayout, Estimate]
    peak_bytes: dict[WeightLayout, Estimate]
    load_rise_bytes: dict[WeightLayout, Estimate]
    size_bytes: dict[WeightLayout, int]
    load_effect: Estimate | None
    load_verdict: Verdict
    first_call_effect: Estimate | None
    first_call_verdict: Verdict


class Comparison(Record, frozen=True, kw_only=True):
    """One case, analysed.

    `effect` is log(time in_out / time out_in) with its interval over passes, `null` the same between two copies of one
    layout. `noise_floor` is the larger absolute end of the null's interval; `is_biased` says that the null excludes 0
    by more than chance over the suite. Estimates are None below two passes. `time_s` maps a layout to the seconds per
    call (geometric mean over passes of each pass's median). `paired_passes` are those whose arms were loaded two at a
    time, for want of memory. `more_passes` is how many more would decide an undecided
    case, None if it is decided or nobody can tell; `decidable_margin` the margin at which it would be equal by now.
    """

    case: Case
    passes: int
    effect: Estimate | None
    null: Estimate | None
    noise_floor: float | None
    is_biased: bool
    time_s: dict[WeightLayout, float]
    verdict: Verdict
    reason: str
    more_passes: int | None
    decidable_margin: float | None
    disturbed_passes: int
    overhead: Overhead | None
    cost: CostComparison | None
    paired_passes: int = 0
