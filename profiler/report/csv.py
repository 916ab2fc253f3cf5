"""The report as tidy CSV: one row per case and layout, unrounded, units in the column names."""

import csv
import io

from profiler.report.cells import plain
from profiler.report.summary import Arm, Report, Row, Summary, machine_name

COLUMNS = (
    "machine", "created_utc", "runtime", "form", "workload", "dimensions", "batch", "dtype", "threads", "weights",
    "control", "weight_bytes", "fits_in", "layout", "stored_layout", "executed_layout", "operator", "time_s",
    "speedup", "speedup_low", "speedup_high", "null", "null_low", "null_high", "confidence_level", "passes", "verdict",
)  # fmt: skip


def render_csv(report: Report) -> str:
    """Every session's rows under one header."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for summary in report.sessions:
        for row in summary.rows:
            for layout, arm in row.arms.items():
                writer.writerow(_cells(summary, row, layout.value, arm))
    return file.getvalue()


def _cells(summary: Summary, row: Row, layout: str, arm: Arm) -> list[object]:
    case, speedup, null = row.case, row.speedup, row.null
    return [
        _inert(machine_name(summary.hardware)),
        _inert(summary.created_utc),
        _inert(case.runtime),
        case.form.value,
        case.workload,
        row.dimensions,
        row.batch,
        _inert(case.dtype),
        case.threads,
        case.weights.value,
        case.control.value,
        row.weight_bytes,
        row.fits_in,
        layout,
        arm.stored_layout.value if arm.stored_layout else "",
        arm.executed.layout.value if arm.executed else "",
        _inert(arm.executed.operator) if arm.executed else "",
        arm.time_s,
        *([speedup.point, speedup.low, speedup.high] if speedup else ["", "", ""]),
        *([null.point, null.low, null.high] if null else ["", "", ""]),
        summary.confidence_level,
        row.passes,
        row.verdict.value,
    ]


def _inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = plain(text)
    return f"'{text}" if text[:1] in "=+-@" and text else text
