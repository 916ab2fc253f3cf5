"""What becomes of a claim: its figures, an outcome and why."""

import enum

from profiler.base.record import Record

CLAIMS_SCHEMA = 1


class Text(enum.StrEnum):
    """The two texts that this project began with."""

    FORUM = "forum answer"
    BLOG = "blog post"


class Scale(enum.StrEnum):
    """How much is measured: what fits into ten minutes, or the original experiment and larger grids."""

    SMALL = "small"
    FULL = "full"


class Outcome(enum.StrEnum):
    """What the figures say of the claim on this machine."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    UNDECIDED = "undecided"
    NOT_MEASURABLE = "not measurable here"


class Unit(enum.StrEnum):
    """What a figure counts. A ratio is time(in_out) / time(out_in) unless its name says otherwise."""

    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    COUNT = "count"
    SHARE = "share"
    NUMBER = "number"


class Figure(Record, frozen=True, kw_only=True):
    """A measured number with its interval; `of` is how many a count was taken of. None where there is none."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: Unit = Unit.RATIO
    of: int | None = None


class Finding(Record, frozen=True, kw_only=True):
    """What examining a claim gave. `done` says what was done here, `reason` why the outcome is what it is."""

    done: str
    outcome: Outcome
    reason: str
    figures: tuple[Figure, ...] = ()


class ClaimResult(Record, frozen=True, kw_only=True):
    """A row of the table. `failed` tells a claim whose examination broke from one that cannot be measured here."""

    number: int
    text: Text
    quote: str
    done: str
    outcome: Outcome
    reason: str
    figures: tuple[Figure, ...]
    failed: bool
    elapsed_s: float


class ClaimTable(Record, frozen=True, kw_only=True):
    """All rows of one invocation, and where and with what they were measured."""

    schema_version: int
    tool_version: str
    created_utc: str
    scale: Scale
    machine: str
    cpus: int
    load_average: float | None
    software: dict[str, str]
    results: tuple[ClaimResult, ...]
