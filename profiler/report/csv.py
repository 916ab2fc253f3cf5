"""The report as tidy CSV: one row per case, unrounded, units in the column names."""

import csv
import functools
import io
from collections.abc import Callable

from profiler.base.text import plain
from profiler.judge.records import Costs, Estimate, Row
from profiler.judge.summary import Summary
from profiler.machine.reports import machine_name
from profiler.models.layout import WeightLayout
from profiler.report.document import Report
from profiler.session.records import Executed

_FORMULAS = "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
_Value = str | float | None  # what a cell holds; None is an empty one
_Columns = tuple[tuple[str, Callable[[Summary, Row], _Value]], ...]


def _by_layout(name: str, read: Callable[[Row, WeightLayout], _Value]) -> _Columns:
    """A column for each layout; its name stands for the braces."""
    return tuple((name.format(layout), lambda _, row, layout=layout: read(row, layout)) for layout in WeightLayout)


def _interval(point: str, low: str, high: str, read: Callable[[Row], Estimate | None]) -> _Columns:
    """A column each for a point and the ends of its interval."""
    ends = {point: "point", low: "low", high: "high"}
    return tuple((name, lambda _, row, end=end: getattr(read(row), end, None)) for name, end in ends.items())


def _costs(name: str, unit: str, read: Callable[[Costs], dict[WeightLayout, Estimate]]) -> _Columns:
    """Three columns for each layout: what it costs, and the ends of the interval of that."""

    def of(layout: WeightLayout, row: Row) -> Estimate | None:
        return read(row.cost).get(layout) if row.cost else None

    return tuple(
        column
        for layout in WeightLayout
        for column in _interval(
            f"{name}_{layout}_{unit}",
            f"{name}_{layout}_low_{unit}",
            f"{name}_{layout}_high_{unit}",
            functools.partial(of, layout),
        )
    )


def _executed(name: str, read: Callable[[Executed], _Value]) -> _Columns:
    """A column for each layout, empty where nothing was checked."""

    def of(row: Row, layout: WeightLayout) -> _Value:
        executed = row.arms[layout].executed
        return read(executed) if executed else None

    return _by_layout(name, of)


def _point(estimate: Estimate | None) -> float | None:
    return estimate.point if estimate else None


COLUMNS: _Columns = (
    ("machine", lambda summary, _: machine_name(summary.hardware)),
    ("created_utc", lambda summary, _: summary.created_utc),
    ("runtime", lambda _, row: row.case.runtime),
    ("form", lambda _, row: row.case.form),
    ("workload", lambda _, row: row.name),
    ("dimensions", lambda _, row: row.dimensions),
    ("batch", lambda _, row: row.batch),
    ("dtype", lambda _, row: row.case.dtype),
    ("threads", lambda _, row: row.case.threads),
    ("weights", lambda _, row: row.case.weights),
    ("control", lambda _, row: row.case.control),
    ("weight_bytes", lambda _, row: row.weight_bytes),
    ("fits_in", lambda _, row: row.fits_in),
    *_by_layout("time_{}_s", lambda row, layout: row.arms[layout].time_s),
    *_interval("speedup", "speedup_low", "speedup_high", lambda row: row.speedup),
    ("verdict", lambda _, row: row.verdict),
    ("cause", lambda _, row: row.cause),
    *_interval("null", "null_low", "null_high", lambda row: row.null),
    ("noise_floor", lambda _, row: row.noise_floor),
    ("is_biased", lambda _, row: row.is_biased),
    ("confidence_level", lambda summary, _: summary.confidence_level),
    ("passes", lambda _, row: row.passes),
    ("disturbed_passes", lambda _, row: row.disturbed_passes),
    ("paired_passes", lambda _, row: row.paired_passes),
    ("more_passes", lambda _, row: row.more_passes),
    ("decidable_margin", lambda _, row: row.decidable_margin),
    ("overhead_s", lambda _, row: row.overhead.time_s if row.overhead else None),
    ("overhead_share", lambda _, row: row.overhead.share if row.overhead else None),
    ("speedup_without_overhead", lambda _, row: _point(row.overhead.speedup if row.overhead else None)),
    *_costs("load", "s", lambda cost: cost.load_s),
    ("load_ratio", lambda _, row: _point(row.cost.load_ratio if row.cost else None)),
    ("load_verdict", lambda _, row: row.cost.load_verdict if row.cost else None),
    *_costs("first_call", "s", lambda cost: cost.first_call_s),
    ("first_call_ratio", lambda _, row: _point(row.cost.first_call_ratio if row.cost else None)),
    ("first_call_verdict", lambda _, row: row.cost.first_call_verdict if row.cost else None),
    *_costs("load_rise", "bytes", lambda cost: cost.load_rise_bytes),
    *_costs("peak", "bytes", lambda cost: cost.peak_bytes),
    *_by_layout("file_{}_bytes", lambda row, layout: row.cost.size_bytes.get(layout) if row.cost else None),
    ("flops", lambda _, row: row.limit.flops if row.limit else None),
    ("least_bytes", lambda _, row: row.limit.bytes if row.limit else None),
    ("bound_s", lambda _, row: row.limit.bound_s if row.limit else None),
    ("bound_by", lambda _, row: row.limit.limited_by if row.limit else None),
    ("bound_level", lambda _, row: row.limit.level if row.limit else None),
    *_by_layout("bound_fraction_{}", lambda row, layout: row.limit.fractions.get(layout) if row.limit else None),
    ("regime", lambda _, row: row.regime.bound_by),
    ("is_packed", lambda _, row: row.regime.is_packed),
    *_by_layout("stored_{}", lambda row, layout: row.arms[layout].stored_layout),
    *_executed("executed_{}", lambda executed: executed.layout),
    *_executed("operator_{}", lambda executed: executed.operator),
    *_executed("rewritten_{}", lambda executed: executed.rewritten),
    *_executed("extra_copies_{}", lambda executed: executed.extra_copies),
    *_executed("known_by_{}", lambda executed: executed.known_by),
)  # fmt: skip


def render_csv(report: Report) -> str:
    """The cases of every session under one header."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([name for name, _ in COLUMNS])
    for summary in report.sessions:
        for row in summary.rows:
            writer.writerow([_inert(read(summary, row)) for _, read in COLUMNS])
    return file.getvalue()


def _inert(value: _Value) -> _Value:
    """A value, of which no spreadsheet takes a text for a formula."""
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text[:1] in _FORMULAS and text else text
