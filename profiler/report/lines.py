"""A fact as a reader sees it."""

from profiler.base.record import Record


class Line(Record, frozen=True, kw_only=True):
    """A labelled text and where it comes from."""

    label: str
    text: str
    source: str = ""
