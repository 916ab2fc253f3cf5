"""What can be saved from a page without a server: links that hold the data themselves."""

import base64
import zlib
from collections.abc import Sequence

from profiler.base.record import Record
from profiler.report.csv import render_csv
from profiler.report.document import Report
from profiler.report.json import render_json
from profiler.report.values import format_bytes

PLAIN_BYTES = 100_000  # up to here a file is offered as it is
MOST_BYTES = 1_000_000  # of a compressed session: a page shall stay small enough to mail
_TOO_LARGE = "too large for this page"
_GZIP = zlib.MAX_WBITS + 16  # the container of gzip, which zlib leaves without a date
_PIECE_BYTES = 1 << 20
COMMAND = "layout-profiler report SESSION --format"


class Download(Record, frozen=True, kw_only=True):
    """A file to save. `href` is empty where it would make the page too large; `note` says so then."""

    name: str
    what: str
    size: str
    href: str
    note: str = ""


def downloads_of(report: Report, raw: Sequence[bytes]) -> list[Download]:
    """The tidy CSV, the report as JSON, and the lines of each session if they were given."""
    found = [
        _download("report.csv", "a row for each case, unrounded", render_csv(report).encode(), "text/csv"),
        _download("report.json", "the whole report", render_json(report).encode(), "application/json"),
    ]
    packed: list[bytes] = []
    for data in raw:
        small = _gzip(data, limit=MOST_BYTES - sum(map(len, packed)))
        if small is None:
            note = f"{_TOO_LARGE}: it is the file that the report was made from"
            return [*found, Download(name="session.jsonl", what="every raw time", size="", href="", note=note)]
        packed.append(small)
    names = ["session.jsonl.gz"] if len(packed) == 1 else [f"session-{at + 1}.jsonl.gz" for at in range(len(packed))]
    return found + [
        Download(name=name, what="every raw time", size=format_bytes(len(data)), href=_href(data, "application/gzip"))
        for name, data in zip(names, packed, strict=True)
    ]


def _download(name: str, what: str, data: bytes, media_type: str) -> Download:
    if len(data) <= PLAIN_BYTES:
        return Download(name=name, what=what, size=format_bytes(len(data)), href=_href(data, media_type))
    packed = _gzip(data, limit=MOST_BYTES)
    if packed is None:
        note = f"{_TOO_LARGE}: {COMMAND} {name.split('.')[1]}"
        return Download(name=name, what=what, size="", href="", note=note)
    return Download(
        name=f"{name}.gz", what=what, size=format_bytes(len(packed)), href=_href(packed, "application/gzip")
    )


def _gzip(data: bytes, *, limit: int) -> bytes | None:
    """Compressed, with no date in it; None as soon as it is larger than the limit."""
    compressor = zlib.compressobj(wbits=_GZIP)
    packed = bytearray()
    for start in range(0, len(data), _PIECE_BYTES):
        packed += compressor.compress(data[start : start + _PIECE_BYTES])
        if len(packed) > limit:
            return None
    packed += compressor.flush()
    return bytes(packed) if len(packed) <= limit else None


def _href(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
