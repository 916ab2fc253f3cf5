"""The data model: frozen, typed records. No input or output here, and nothing derived is stored.

Units are in the names. `None` means unknown and is shown as such. One direction for every ratio:
`speedup = time(IN_OUT) / time(OUT_IN)`, above 1 transposed storage pays off.
"""

import enum
from typing import Generic, Literal, TypeVar

import msgspec

from models.layout import WeightLayout
from models.workload import Workload, format_batch

MANIFEST_SCHEMA = 1
SESSION_SCHEMA = 1
HARDWARE_SCHEMA = 1

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records: no unknown field on reading. Each repeats `frozen` and `kw_only`: neither is inherited."""


# ---------------------------------------------------------------- bundle


class ArtifactFormat(enum.StrEnum):
    """The file formats of a bundle."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"
    ARRAYS = "arrays"


class Form(enum.StrEnum):
    """How a pair of artifacts is written.

    Controlled: both hold the same operators and differ in the stored bytes alone.
    Idiomatic: what people write and their exporter makes of it.
    """

    CONTROLLED = "controlled"
    IDIOMATIC = "idiomatic"


class LayerProof(Record, frozen=True, kw_only=True):
    """What one layer of an artifact was seen to store, read back from the file.

    `operator` names the operator with the flag that matters, such as `Gemm(transB=1)`. `dims` are the stored
    dimensions, slowest first; `weight_sha256` is taken over the weight's bytes as they lie in the file.
    """

    operator: str
    dims: tuple[int, int]
    stored_layout: WeightLayout
    weight_sha256: str


class Artifact(Record, frozen=True, kw_only=True):
    """One file of a bundle, and what re-opening it proved.

    `layout` is what was asked for. `stored_layout` is what lies in the file; None where layers differ. The two may
    differ in the idiomatic form, where an exporter rewrote the weight. `input_rank` is None where any rank is taken.
    `max_error` is the largest difference to the float64 answer, and `tolerance` the rounding error bound it stayed
    below at that element.
    """

    path: str
    sha256: str
    size_bytes: int
    format: ArtifactFormat
    form: Form
    layout: WeightLayout
    workload: str
    input_rank: int | None
    dtype: str
    operators: tuple[str, ...]
    layers: tuple[LayerProof, ...]
    stored_layout: WeightLayout | None
    max_error: float
    tolerance: float
    notes: tuple[str, ...] = ()


class Answer(Record, frozen=True, kw_only=True):
    """A file with an input `x` (float32), its float64 answer `y` and the error bound `tolerance` for each element."""

    path: str
    sha256: str
    size_bytes: int
    workload: str
    batch_shape: tuple[int, ...]


class Manifest(Record, frozen=True, kw_only=True):
    """What a bundle holds. The only file of a bundle that is read before its hash is known."""

    schema_version: int
    tool_version: str
    software: dict[str, str]
    suite: str
    seed: int
    workloads: tuple[Workload, ...]
    artifacts: tuple[Artifact, ...]
    answers: tuple[Answer, ...]


# ---------------------------------------------------------------- hardware


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
    Pi firmware's `get_throttled` word.
    """

    at_s: float
    utc: str
    canary_s: float | None = None
    governors: dict[str, str] = {}
    frequencies_hz: dict[str, int] = {}
    max_frequencies_hz: dict[str, int] = {}
    temperatures_celsius: dict[str, float] = {}
    throttled: int | None = None
    load_1min: float | None = None
    swap_used_bytes: int | None = None


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


# ---------------------------------------------------------------- session


class Weights(enum.StrEnum):
    """Whether the weights are in the cache when a call begins."""

    WARM = "warm"


class Control(enum.StrEnum):
    """Known answers. `identical` loads the OUT_IN file in all four arms: pays off and costs are then false alarms."""

    NONE = "none"
    IDENTICAL = "identical"


class Case(Record, frozen=True, kw_only=True):
    """What is compared: one workload and batch in one runtime, both layouts."""

    runtime: str
    form: Form
    workload: str
    batch_shape: tuple[int, ...]
    dtype: str
    threads: int
    weights: Weights
    control: Control

    @property
    def id(self) -> str:
        """A readable key, unique in a session."""
        batch = f"b{format_batch(self.batch_shape)}"
        parts = [self.runtime, self.form, self.workload, batch, self.dtype, f"t{self.threads}", self.weights]
        return "/".join(parts if self.control is Control.NONE else [*parts, self.control])


class Options(Record, frozen=True, kw_only=True):
    """How a run measures; a resumed run must have the same."""

    runtimes: tuple[str, ...]
    forms: tuple[Form, ...]
    passes: int
    rounds: int
    slice_s: float
    threads: int
    cpus: tuple[int, ...]
    seed: int
    control: Control = Control.NONE


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
    """The machine's state before a pass, or (`pass_index` = number of passes) after the last."""

    pass_index: int
    conditions: Conditions


class ExecutedLayout(enum.StrEnum):
    """The layout a runtime's kernel reads. `packed` is neither: the runtime copied the weight into its own order."""

    OUT_IN = "out_in"
    IN_OUT = "in_out"
    PACKED = "packed"
    UNKNOWN = "unknown"


class Executed(Record, frozen=True, kw_only=True):
    """What a runtime executes for one loaded file, and how that is known."""

    layout: ExecutedLayout
    operator: str
    known_by: str


class ArmTruth(Record, frozen=True, kw_only=True):
    """One layout of a case: what is stored, what is executed, and how far the answer was off."""

    layout: WeightLayout
    stored_layout: WeightLayout | None
    executed: Executed
    max_error: float
    tolerance: float


class Check(Record, frozen=True, kw_only=True, tag="check", tag_field="kind"):
    """Both layouts gave the float64 answer, before anything was timed."""

    case: str
    arms: tuple[ArmTruth, ...]


class Block(Record, frozen=True, kw_only=True, tag="block", tag_field="kind"):
    """One case in one pass: the raw times.

    `slices_ns` holds for each arm, round by round, the time of one slice of `calls` calls. Arms are
    `out_in_1`, `out_in_2`, `in_out_1`, `in_out_2`.
    """

    case: str
    pass_index: int
    at_s: float
    calls: int
    slices_ns: dict[str, tuple[int, ...]]
    major_faults: int | None = None


class Stage(enum.StrEnum):
    """Where a worker was when it failed."""

    START = "start"
    CHECK = "check"
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


class Resume(Record, frozen=True, kw_only=True, tag="resume", tag_field="kind"):
    """A run was continued; `at_s` starts anew from here."""

    utc: str
    tool_version: str
    conditions: Conditions


class EndReason(enum.StrEnum):
    """Why a run ended."""

    COMPLETE = "complete"
    BUDGET = "budget"
    INTERRUPTED = "interrupted"


class End(Record, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """The run ended in order. A session without it was cut off."""

    reason: EndReason
    utc: str
    elapsed_s: float


SessionRecord = Header | ConditionsRecord | Check | Block | Failure | Resume | End


class Session(Record, frozen=True, kw_only=True):
    """A whole session as read from its file, in order."""

    header: Header
    conditions: tuple[ConditionsRecord, ...] = ()
    checks: tuple[Check, ...] = ()
    blocks: tuple[Block, ...] = ()
    failures: tuple[Failure, ...] = ()
    resumes: tuple[Resume, ...] = ()
    end: End | None = None


# ---------------------------------------------------------------- analysis


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


class Comparison(Record, frozen=True, kw_only=True):
    """One case, analysed.

    `effect` is log(time in_out / time out_in) with its interval over passes, `null` the same between two copies of one
    layout. `noise_floor` is the larger absolute end of the null's interval. Estimates are None below two passes.
    `time_s` maps a layout to the seconds per call (geometric mean over passes of each pass's median). `more_passes` is
    how many more would decide an undecided case, None if it is decided or nobody can tell.
    """

    case: Case
    passes: int
    effect: Estimate | None
    null: Estimate | None
    noise_floor: float | None
    time_s: dict[WeightLayout, float]
    verdict: Verdict
    reason: str
    more_passes: int | None
