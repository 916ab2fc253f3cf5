"""The report as tidy CSV: one row per case and layout, unrounded, units in the column names."""

import csv
import io

from profiler.judge.records import Estimate
from profiler.machine.reports import machine_name
from profiler.models.layout import WeightLayout
from profiler.report.cells import plain
from profiler.report.summary import Arm, Report, Row, Summary

COLUMNS = (
    "machine", "created_utc", "runtime", "form", "workload", "dimensions", "batch", "dtype", "threads", "weights",
    "control", "weight_bytes", "fits_in", "layout", "stored_layout", "executed_layout", "operator", "time_s",
    "speedup", "speedup_low", "speedup_high", "null", "null_low", "null_high", "confidence_level", "passes", "verdict",
    "noise_floor", "is_biased", "disturbed_passes", "decidable_margin", "more_passes", "overhead_s", "overhead_share",
    "speedup_without_overhead", "load_s", "load_s_low", "load_s_high", "load_ratio", "load_verdict", "first_call_s",
    "first_call_s_low", "first_call_s_high", "load_rise_bytes", "peak_bytes", "file_bytes", "flops", "least_bytes",
    "bound_s", "bound_by", "bound_level", "bound_fraction", "regime", "is_packed", "rewritten", "extra_copies",
    "known_by", "cause", "paired_passes",
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
        *_trust_cells(row),
        *_cost_cells(row, WeightLayout(layout)),
        *_limit_cells(row, WeightLayout(layout)),
        *_why_cells(row, arm),
        row.paired_passes,
    ]


def _trust_cells(row: Row) -> list[object]:
    overhead = row.overhead
    return [
        row.noise_floor,
        row.is_biased,
        row.disturbed_passes,
        row.decidable_margin,
        row.more_passes,
        *([overhead.time_s, overhead.share] if overhead else ["", ""]),
        overhead.speedup.point if overhead and overhead.speedup else "",
    ]


def _cost_cells(row: Row, layout: WeightLayout) -> list[object]:
    cost = row.cost
    if cost is None:
        return [""] * 11
    return [
        *_ends(cost.load_s.get(layout)),
        cost.load_ratio.point if cost.load_ratio else "",
        cost.load_verdict.value,
        *_ends(cost.first_call_s.get(layout)),
        *(found[layout].point if layout in found else "" for found in (cost.load_rise_bytes, cost.peak_bytes)),
        cost.size_bytes.get(layout, ""),
    ]


def _limit_cells(row: Row, layout: WeightLayout) -> list[object]:
    limit = row.limit
    if limit is None:
        return [""] * 6
    fraction = limit.fractions.get(layout, "")
    return [limit.flops, limit.bytes, limit.bound_s, limit.limited_by.value, limit.level, fraction]


def _why_cells(row: Row, arm: Arm) -> list[object]:
    executed = arm.executed
    texts = [executed.rewritten, executed.extra_copies, executed.known_by] if executed else [""] * 3
    regime = [row.regime.bound_by.value, row.regime.is_packed]
    return [*regime, *(_inert(text) if isinstance(text, str) else text for text in texts), _inert(row.cause)]


def _ends(estimate: Estimate | None) -> list[object]:
    return [estimate.point, estimate.low, estimate.high] if estimate else ["", "", ""]


def _inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = plain(text)
    return f"'{text}" if text[:1] in "=+-@" and text else text
