"""What a session holds: how it was measured, and every raw time."""

import enum
from collections.abc import Mapping
from typing import NamedTuple

from profiler.artifacts.records import Form
from profiler.base.record import Record
from profiler.machine.records import Conditions, HardwareInfo, Noise
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, format_batch
from profiler.session.arms import Arm

SESSION_SCHEMA = 5


class Weights(enum.StrEnum):
    """Whether the weights are in the cache when a call begins."""

    WARM = "warm"
    COLD = "cold"


class Control(enum.StrEnum):
    """A control, whose verdict is known: the OUT_IN file is loaded in all four arms.

    Under `identical` pays off and costs are then false alarms. Under `slower` the in_out arms make some percent more
    calls, so that pays off is right.
    """

    NONE = "none"
    IDENTICAL = "identical"
    SLOWER = "slower"


class Team(NamedTuple):
    """The workers that measure together: a process has its pools of threads for life, so each number has its own."""

    runtime: str
    threads: int

    @property
    def label(self) -> str:
        """The team in words: `numpy`, or `numpy, 4 threads`."""
        return self.runtime if self.threads == 1 else f"{self.runtime}, {self.threads} threads"


class Case(Record, frozen=True, kw_only=True):
    """What is compared: one workload and batch in one runtime, both layouts. `copy` numbers repeated controls."""

    runtime: str
    form: Form
    workload: str
    batch_shape: tuple[int, ...]
    dtype: NumberFormat
    threads: int
    weights: Weights
    control: Control
    copy: int = 0

    @property
    def team(self) -> Team:
        """The team of workers that measures the case."""
        return Team(self.runtime, self.threads)

    @property
    def id(self) -> str:
        """A readable key, unique in a session."""
        batch = f"b{format_batch(self.batch_shape)}"
        parts = [self.runtime, self.form, self.workload, batch, self.dtype, f"t{self.threads}", self.weights]
        if self.control is not Control.NONE:
            parts.append(self.control)
        return "/".join([*parts, str(self.copy)] if self.copy else parts)


class Options(Record, frozen=True, kw_only=True):
    """How a run measures and judges; a resumed run must have the same.

    A case is judged after so many passes as each of `looks` says, and leaves the run when decided; the last of them
    is the most it gets. `sets` is how often a block loads its four arms anew, None to have a pilot choose.
    `slowdown_percent` is how much more the in_out arms work under the control `slower`, `copies` how often each
    control is repeated. `eviction_bytes` are walked between calls where weights are cold.
    The first `cost_passes` passes measure load times as well. At most `repeat_share` of all blocks are repeated
    because something disturbed them: where more are disturbed, this is how the machine is. Every case is measured with
    each number of `threads` that its runtime can use. With `forked`, the workers
    of later passes are forked from one process that has imported the runtime, instead of importing it anew. `dtypes`
    are the number formats of weights that are measured.
    """

    runtimes: tuple[str, ...]
    forms: tuple[Form, ...]
    looks: tuple[int, ...]
    margin: float
    confidence_level: float
    rounds: int
    slice_s: float
    threads: tuple[int, ...]
    cpus: tuple[int, ...]
    seed: int
    weights: tuple[Weights, ...] = (Weights.WARM,)
    eviction_bytes: int = 0
    sets: int | None = None
    dtypes: tuple[NumberFormat, ...] = (NumberFormat.FLOAT32,)
    cost_passes: int = 8
    repeat_share: float = 0.25
    controls: tuple[Control, ...] = (Control.NONE,)
    slowdown_percent: int = 0
    copies: int = 1
    forked: bool = False

    @property
    def passes(self) -> int:
        """The most passes a case gets."""
        return self.looks[-1]


class Header(Record, frozen=True, kw_only=True, tag="header", tag_field="kind"):
    """The first line of a session. `left_out` says what of the bundle is not measured here, and why."""

    schema_version: int
    tool_version: str
    created_utc: str
    suite: str
    manifest_sha256: str
    workloads: tuple[Workload, ...]
    cases: tuple[Case, ...]
    options: Options
    hardware: HardwareInfo
    left_out: tuple[str, ...] = ()


class ConditionsRecord(Record, frozen=True, kw_only=True, tag="conditions", tag_field="kind"):
    """The machine's state before a pass, or (`is_end`) after the last one of an invocation.

    `invocation` is 0 for the first and counts the times a run was resumed; its clocks begin anew.
    """

    pass_index: int
    conditions: Conditions
    invocation: int = 0
    is_end: bool = False


class ExecutedLayout(enum.StrEnum):
    """The layout a runtime's kernel reads. `packed` is neither: the runtime copied the weight into its own order."""

    OUT_IN = "out_in"
    IN_OUT = "in_out"
    PACKED = "packed"
    UNKNOWN = "unknown"


class Executed(Record, frozen=True, kw_only=True):
    """What a runtime executes for one loaded file, and how that is known.

    `rewritten` tells what the runtime made of the stored operators or weights, empty if it left them alone.
    `extra_copies` is how many copies of the weights it keeps beside the one its kernels read, None where that cannot
    be seen.
    """

    layout: ExecutedLayout
    operator: str
    known_by: str
    rewritten: str = ""
    extra_copies: int | None = None


class ArmTruth(Record, frozen=True, kw_only=True):
    """One layout of a case: what is stored and in how many bytes, what is executed, how far the output was off."""

    layout: WeightLayout
    stored_layout: WeightLayout | None
    executed: Executed
    max_error: float
    tolerance: float
    size_bytes: int


class Check(Record, frozen=True, kw_only=True, tag="check", tag_field="kind"):
    """Both layouts gave the float64 output within its tolerance, before anything was timed."""

    case: str
    arms: tuple[ArmTruth, ...]


class ArmTimes(Record, frozen=True, kw_only=True):
    """The raw times of one arm, a copy of one layout: those of its slices, round by round."""

    layout: WeightLayout
    copy: int
    slices_ns: tuple[int, ...]


class ArmSet(Record, frozen=True, kw_only=True):
    """Four arms, loaded together: the raw times of their slices.

    Each slice is of `calls` calls. `identity_ns` are slices of `identity_calls` calls of the identity model. `load_s`
    is what loading and calibration took, `rounds_s` what the rounds took.
    """

    calls: int
    arms: tuple[ArmTimes, ...]
    identity_calls: int = 0
    identity_ns: tuple[int, ...] = ()
    load_s: float
    rounds_s: float

    @property
    def slices_ns(self) -> dict[Arm, tuple[int, ...]]:
        """The slice times of each arm in nanoseconds."""
        return {Arm(one.layout, one.copy): one.slices_ns for one in self.arms}

    @property
    def rounds(self) -> int:
        """How many slices each arm has."""
        return len(self.arms[0].slices_ns)


def arm_times(slices_ns: Mapping[Arm, tuple[int, ...]]) -> tuple[ArmTimes, ...]:
    """The times of arms as a session holds them."""
    return tuple(ArmTimes(layout=arm.layout, copy=arm.copy, slices_ns=times) for arm, times in slices_ns.items())


class Disturbance(enum.StrEnum):
    """What makes a block worth repeating."""

    CANARY = "canary"
    FOREIGN_LOAD = "foreign load"
    PREEMPTED = "preempted"
    PAGE_FAULTS = "page faults"
    SWAP = "swap"
    THROTTLED = "throttled"
    GOVERNOR = "governor changed"
    SUSPENDED = "suspended"
    CLOCK = "clock set"


class Block(Record, frozen=True, kw_only=True, tag="block", tag_field="kind"):
    """One case in one pass: the raw times of one or more sets of arms.

    A block that something disturbed is marked, kept, and measured again as the next `attempt`. `arms_at_once` is 4, or
    2 where memory was short: each set's arms were then loaded and timed in two pairs, one of each layout, one pair
    after the other.
    """

    case: str
    pass_index: int
    attempt: int = 0
    at_s: float
    sets: tuple[ArmSet, ...]
    noise: Noise | None = None
    disturbed_by: tuple[Disturbance, ...] = ()
    arms_at_once: int = 4


class Start(Record, frozen=True, kw_only=True, tag="start", tag_field="kind"):
    """A worker of a pass was ready: what starting Python and importing the runtime took."""

    runtime: str
    pass_index: int
    start_s: float
    threads: int = 1

    @property
    def team(self) -> Team:
        """The team of the worker that this is about."""
        return Team(self.runtime, self.threads)


class ArmCost(Record, frozen=True, kw_only=True):
    """What one layout costs before its second call, in a process of its own.

    `load_s`: from the file to a session, packing included. `resident_before_bytes` and `resident_loaded_bytes` are the
    memory before and after loading, `peak_bytes` the most until the first call was over.
    """

    load_s: float
    first_call_s: float
    resident_before_bytes: int | None = None
    resident_loaded_bytes: int | None = None
    peak_bytes: int | None = None


class Cost(Record, frozen=True, kw_only=True, tag="cost", tag_field="kind"):
    """Both layouts of a case, each in a process forked from one that had imported the runtime and nothing else."""

    case: str
    pass_index: int
    arms: dict[WeightLayout, ArmCost]


class Stage(enum.StrEnum):
    """Where a worker was when it failed."""

    START = "start"
    CHECK = "check"
    COST = "cost"
    MEASURE = "measure"


class Failure(Record, frozen=True, kw_only=True, tag="failure", tag_field="kind"):
    """A worker died or gave up. `case` is None when it did so before its first case."""

    runtime: str
    case: str | None
    stage: Stage
    pass_index: int | None
    signal: int | None
    exit_status: int | None
    message: str
    stderr_tail: str = ""
    threads: int = 1

    @property
    def team(self) -> Team:
        """The team of the worker that this is about."""
        return Team(self.runtime, self.threads)

    @property
    def subject(self) -> str:
        """The case, or the runtime that did not even start."""
        return self.case or self.team.label


class Resume(Record, frozen=True, kw_only=True, tag="resume", tag_field="kind"):
    """A run was continued; `at_s` starts anew from here."""

    utc: str
    tool_version: str
    conditions: Conditions


class EndReason(enum.StrEnum):
    """Why a run ended: all was measured, its time was up, or a signal came."""

    COMPLETE = "complete"
    BUDGET = "budget"
    INTERRUPTED = "interrupted"


class End(Record, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """The run ended in order. A session without it was cut off."""

    reason: EndReason
    utc: str
    elapsed_s: float


SessionRecord = Header | ConditionsRecord | Check | Start | Cost | Block | Failure | Resume | End


class Session(Record, frozen=True, kw_only=True):
    """A whole session as read from its file, in order."""

    header: Header
    conditions: tuple[ConditionsRecord, ...] = ()
    checks: tuple[Check, ...] = ()
    starts: tuple[Start, ...] = ()
    costs: tuple[Cost, ...] = ()
    blocks: tuple[Block, ...] = ()
    failures: tuple[Failure, ...] = ()
    resumes: tuple[Resume, ...] = ()
    end: End | None = None
