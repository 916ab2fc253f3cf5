"""What a callgrind out file says: its totals, and the caches it simulated.

    desc: D1 cache: 32768 B, 64 B, 4-way associative
    events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
    totals: 3809167 11271941 59430 15201 673051 2673 13426 668401 1780

Costs left out at the end of a line are 0 (Callgrind Format Specification, valgrind manual, section 4).
"""

import re
from pathlib import Path

from profiler.base.errors import InputError
from profiler.base.files import read_input
from profiler.base.record import Record
from profiler.measure.counting.evidence import CacheShape

MAX_FILE_BYTES = 256_000_000
EVENTS = ("Ir", "Dr", "Dw", "I1mr", "D1mr", "D1mw", "ILmr", "DLmr", "DLmw")
_CACHE = re.compile(r"desc: (I1|D1|LL) cache: ([0-9]{1,12}) B, ([0-9]{1,9}) B, ([0-9]{1,9})-way associative")
_COUNTS = re.compile(r"[0-9]{1,19}(?: [0-9]{1,19})*")


class Dump(Record, frozen=True, kw_only=True):
    """Totals by event, and the caches by callgrind's names `I1`, `D1` and `LL`."""

    totals: dict[str, int]
    caches: dict[str, CacheShape]


def read_dump(path: Path) -> Dump:
    """A dump from its file.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    return parse_dump(read_input(path, MAX_FILE_BYTES, what="dump of callgrind's"), source=str(path))


def parse_dump(data: bytes, *, source: str) -> Dump:
    """A dump from its text.

    Raises:
        InputError: it names no cache events, or no totals, or numbers that are none.
    """
    events: list[str] | None = None
    totals: str | None = None
    summary: str | None = None
    caches: dict[str, CacheShape] = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        key, colon, value = line.partition(": ")
        if not colon:
            continue
        if key == "events":
            events = value.split()
        elif key == "totals":
            totals = value.strip()
        elif key == "summary":
            summary = value.strip()
        elif match := _CACHE.fullmatch(line.rstrip()):
            name, size, line_bytes, ways = match.groups()
            caches[name] = CacheShape(size_bytes=int(size), ways=int(ways), line_bytes=int(line_bytes))
    if events is None or not set(EVENTS) <= set(events) or len(set(events)) != len(events):
        raise InputError(f"{source} counts no cache misses: was callgrind run with --cache-sim=yes?")
    return Dump(totals=_counts(events, totals or summary, source=source), caches=caches)


def _counts(events: list[str], text: str | None, *, source: str) -> dict[str, int]:
    if text is None or not _COUNTS.fullmatch(text):
        raise InputError(f"{source} is damaged: it holds no totals")
    counts = [int(number) for number in text.split(" ")]
    if len(counts) > len(events):
        raise InputError(f"{source} is damaged: {len(counts)} totals for {len(events)} events")
    return dict(zip(events, [*counts, *[0] * (len(events) - len(counts))], strict=True))
