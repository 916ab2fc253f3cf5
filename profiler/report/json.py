"""The report as JSON: the `Report` record, unrounded. Its schema is published beside those of the two seams."""

import msgspec

from profiler.report.document import Report


def render_json(report: Report) -> str:
    """The whole report, indented. Infinite ends of intervals, which JSON lacks, become null."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
