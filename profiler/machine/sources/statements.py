"""What a source says of the caches that a CPU sees, before sources are brought together."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

CacheType = Literal["data", "instruction", "unified"]
CACHE_FIELDS = ("size_bytes", "line_size_bytes", "ways_of_associativity", "number_of_sets", "shared_cpus")
MAX_CACHE_BYTES = 1 << 40
MAX_CPU = 8192  # Linux's NR_CPUS limit


@dataclasses.dataclass(frozen=True)
class Reading:
    """A value, and the text it was read from."""

    value: int | tuple[int, ...]
    raw: str | None = None


@dataclasses.dataclass(frozen=True)
class CacheStatement:
    """One cache that one CPU sees, by one source. `fields` has those of `CACHE_FIELDS` that the source tells.

    `is_whole` says that the source lists every cache of this CPU, so that one it leaves out is not there.
    """

    cpu: int
    level: int
    type: CacheType
    source: str
    fields: Mapping[str, Reading]
    is_whole: bool = False


def positive(**values: tuple[int | None, str | None]) -> dict[str, Reading]:
    """The readings among values with their texts; nothing and 0, by which kernels say unknown, are left out."""
    return {name: Reading(value, raw) for name, (value, raw) in values.items() if value is not None and value > 0}
