"""What judging makes of a session: an estimate, a verdict, and the finished row of a case."""

import enum

from profiler.artifacts.records import Form
from profiler.base.record import Record
from profiler.base.text import short_name
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import format_batch
from profiler.session.records import Case, Executed, Weights


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
    """What a call of a case costs without its layers: the identity model in the same runtime.

    `share` is its part of the faster layout's call; over half of a call, the case `is_bound` by it. `speedup` is the
    ratio with it taken off on both sides; None where a call is hardly longer than that.
    """

    time_s: float
    share: float
    is_bound: bool
    speedup: Estimate | None


class LimitedBy(enum.StrEnum):
    """What sets the least time of a call: reading its data, or its multiply-adds."""

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


class Costs(Record, frozen=True, kw_only=True):
    """What the layouts of a case cost beside speed, each with its estimates over passes. Memory in bytes.

    Ratios are in_out / out_in, above 1 transposed storage is cheaper; their verdicts are those over all cases of the
    session.
    """

    repeats: int
    load_s: dict[WeightLayout, Estimate]
    load_ratio: Estimate | None
    load_verdict: Verdict
    first_call_s: dict[WeightLayout, Estimate]
    first_call_ratio: Estimate | None
    first_call_verdict: Verdict
    peak_bytes: dict[WeightLayout, Estimate]
    load_rise_bytes: dict[WeightLayout, Estimate]
    size_bytes: dict[WeightLayout, int]


class LayoutRow(Record, frozen=True, kw_only=True):
    """One layout of a row: what is stored and executed, and the seconds of a call.

    The time is the geometric mean over passes of each pass's median.
    """

    stored_layout: WeightLayout | None
    executed: Executed | None
    time_s: float | None


class Row(Record, frozen=True, kw_only=True):
    """One case, judged: all that a report says of it.

    `speedup` is time(in_out) / time(out_in) with its interval over passes, `null` the same ratio between two copies of
    one layout; both are None below two passes. `noise_floor` is how far the null may lie from 1, as a fraction;
    `is_biased` says that it excludes 1 by more than chance over the suite. `more_passes` is how many more would decide
    an undecided case, None if it is decided or nobody can tell; `decidable_margin` the margin at which it would be
    equal by now. `fits_in` is the first cache that holds the weights, or `memory`. `cause` says in a sentence why, as
    far as that is known. `paired_passes` are those whose arms were loaded two at a time, for want of memory.
    `name` is what the workload is called, `title` what reports call it; of a network, `in_features` and `out_features`
    are None.
    """

    case: Case
    name: str
    title: str
    dimensions: str
    in_features: int | None
    out_features: int | None
    batch: str
    weight_bytes: int
    fits_in: str
    arms: dict[WeightLayout, LayoutRow]
    speedup: Estimate | None
    null: Estimate | None
    noise_floor: float | None
    is_biased: bool
    passes: int
    disturbed_passes: int
    verdict: Verdict
    reason: str
    more_passes: int | None
    decidable_margin: float | None
    overhead: Overhead | None
    cost: Costs | None
    limit: Limit | None
    regime: Regime
    cause: str
    paired_passes: int = 0

    @property
    def label(self) -> str:
        """The case in one line for people, its runtime first."""
        return case_label(self.case, self.title)


def case_label(case: Case, title: str) -> str:
    """A case in one line for people: its runtime, layer and batch, and whatever of it is not the usual."""
    form = "" if case.form is Form.CONTROLLED else f" ({case.form})"
    weights = "" if case.weights is Weights.WARM else f", {case.weights} weights"
    threads = "" if case.threads == 1 else f", {case.threads} threads"
    dtype = "" if case.dtype is NumberFormat.FLOAT32 else f", {case.dtype}"
    layer = short_name(title)
    return f"{case.runtime}{form}, {layer}{dtype}, batch {format_batch(case.batch_shape)}{threads}{weights}"
