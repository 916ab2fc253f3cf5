"""What counting misses gives: the sources with what they can tell, and a record per layout, case and source."""

import enum

import msgspec

from profiler.artifacts.records import Form
from profiler.base.record import Record
from profiler.base.text import short_name
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import format_batch

EXPLANATION_SCHEMA = 1


class SourceName(enum.StrEnum):
    """Where counts come from."""

    SIMULATION = "simulation"
    COUNTERS = "counters"


class CacheShape(Record, frozen=True, kw_only=True):
    """One cache: its size and line in bytes, its ways. `assumed` names the fields that nobody tells."""

    size_bytes: int
    ways: int
    line_bytes: int
    assumed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Size, ways and line as valgrind takes them: `32768,4,64`."""
        return f"{self.size_bytes},{self.ways},{self.line_bytes}"


class Geometry(Record, frozen=True, kw_only=True):
    """The two levels that are simulated. `last` is None for a chip with a first level alone.

    `of` names the machine, `core` the kind of core; `last_name` is `L2` or `L3`, `notes` what is simplified.
    """

    of: str
    core: str
    known_by: str
    instruction: CacheShape
    data: CacheShape
    last: CacheShape | None
    last_name: str
    notes: tuple[str, ...] = ()


class Source(Record, frozen=True, kw_only=True):
    """One source: what it is, what it tells and what it cannot. `problem` says in a line why it gives nothing."""

    name: SourceName
    what: str
    tells: str
    cannot_tell: str
    problem: str | None = None
    notes: tuple[str, ...] = ()
    geometry: Geometry | None = None


class Counted(Record, frozen=True, kw_only=True):
    """The misses of one layout of a case, per call, by one source; None is not known.

    `workload` is the key of what is called, `name` what people call it.
    `weight_lines` are the cache lines that the weights fill. `events` holds all that was counted, per call, by the
    source's own names. `problem` says why there is nothing: the runtime refused the file, or died.
    """

    source: SourceName
    case: str
    runtime: str
    form: Form
    workload: str
    name: str
    batch_shape: tuple[int, ...]
    layout: WeightLayout
    dtype: NumberFormat
    weight_count: int
    line_bytes: int
    weight_lines: int
    calls: int = 0
    d1_read_misses: float | None = None
    ll_read_misses: float | None = None
    misses_per_line: float | None = None
    events: dict[str, float] = msgspec.field(default_factory=dict)
    problem: str | None = None

    @property
    def weight_bytes(self) -> int:
        """How many bytes the weights take in their number format."""
        return self.dtype.stored_bytes(self.weight_count)

    @property
    def subject(self) -> str:
        """What was called, for people: `linear-64x64, batch 1, controlled`."""
        return f"{short_name(self.name)}, batch {format_batch(self.batch_shape)}, {self.form}"


class CountFinding(Record, frozen=True, kw_only=True):
    """What the numbers of one case and source say, in a sentence."""

    case: str
    runtime: str
    source: SourceName
    text: str


class Explanation(Record, frozen=True, kw_only=True):
    """Everything that counting the misses of some cases gave; what `explain --json` prints."""

    schema_version: int
    tool_version: str
    sources: tuple[Source, ...]
    counted: tuple[Counted, ...]
    findings: tuple[CountFinding, ...]
