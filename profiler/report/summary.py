"""What a report says of one session, derived once for every format."""

import math

from models.layout import WeightLayout
from models.workload import Workload, format_batch
from profiler import __version__
from profiler.analyze.comparison import CONFIDENCE_LEVEL, compare_session
from profiler.hardware.capture import cache_level_for
from profiler.records import (
    ArmTruth,
    CacheInfo,
    Case,
    Check,
    Comparison,
    Control,
    Estimate,
    Executed,
    Failure,
    Form,
    HardwareInfo,
    Options,
    Record,
    Session,
    Verdict,
)
from profiler.report.answer import Answer, answer_for
from profiler.report.warnings import Warning_, warnings_for

REPORT_SCHEMA = 1


class Arm(Record, frozen=True, kw_only=True):
    """One layout of a row."""

    stored_layout: WeightLayout | None
    executed: Executed | None
    time_s: float | None


class Row(Record, frozen=True, kw_only=True):
    """One case. `speedup` is time(in_out) / time(out_in); `null` the same ratio between copies of one layout."""

    case: Case
    dimensions: str
    batch: str
    weight_bytes: int
    fits_in: str
    arms: dict[WeightLayout, Arm]
    speedup: Estimate | None
    null: Estimate | None
    noise_floor: float | None
    passes: int
    verdict: Verdict
    reason: str
    more_passes: int | None


class Summary(Record, frozen=True, kw_only=True):
    """Everything a report says of one session."""

    answer: Answer
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    warnings: tuple[Warning_, ...]
    suite: str
    created_utc: str
    tool_version: str
    margin: float
    confidence_level: float
    options: Options
    hardware: HardwareInfo


class Report(Record, frozen=True, kw_only=True):
    """One or several sessions; what `--format json` prints."""

    schema_version: int
    tool_version: str
    sessions: tuple[Summary, ...]


def make_report(sessions: tuple[Session, ...], *, margin: float) -> Report:
    """Derive what every format shows."""
    return Report(
        schema_version=REPORT_SCHEMA,
        tool_version=__version__,
        sessions=tuple(summarize(session, margin=margin) for session in sessions),
    )


def summarize(session: Session, *, margin: float) -> Summary:
    """Derive what a report says of one session. `margin` is a fraction: 0.03 for 3 %."""
    header = session.header
    workloads = {workload.name: workload for workload in header.workloads}
    checks = {check.case: check for check in session.checks}
    comparisons = compare_session(session, margin=margin)
    rows = tuple(
        _row(comparison, workloads[comparison.case.workload], checks.get(comparison.case.id), header.hardware.caches)
        for comparison in comparisons
    )
    verdicts = [(_label(row), row.case.runtime, row.verdict, row.speedup) for row in rows if row.passes]
    return Summary(
        answer=answer_for(
            verdicts,
            machine=machine_name(header.hardware),
            margin=margin,
            confidence_level=CONFIDENCE_LEVEL,
            is_control=header.options.control is Control.IDENTICAL,
        ),
        rows=rows,
        failures=session.failures,
        warnings=warnings_for(session),
        suite=header.suite,
        created_utc=header.created_utc,
        tool_version=header.tool_version,
        margin=margin,
        confidence_level=CONFIDENCE_LEVEL,
        options=header.options,
        hardware=header.hardware,
    )


def machine_name(hardware: HardwareInfo) -> str:
    """The board if its firmware names it, else the processor."""
    return hardware.board.model.value or hardware.cpu_name.value or "this unknown machine"


def _label(row: Row) -> str:
    form = "" if row.case.form is Form.CONTROLLED else f" ({row.case.form})"
    return f"{row.case.runtime}{form}, {row.dimensions}, batch {row.batch}"


def _row(comparison: Comparison, workload: Workload, check: Check | None, caches: tuple[CacheInfo, ...]) -> Row:
    truths = {truth.layout: truth for truth in check.arms} if check else {}
    return Row(
        case=comparison.case,
        dimensions=workload.dimensions if workload.is_one_layer else workload.name,
        batch=format_batch(comparison.case.batch_shape),
        weight_bytes=workload.weight_bytes,
        fits_in=cache_level_for(workload.weight_bytes, caches),
        arms={layout: _arm(truths.get(layout), comparison.time_s.get(layout)) for layout in WeightLayout},
        speedup=_ratio(comparison.effect),
        null=_ratio(comparison.null),
        noise_floor=None if comparison.noise_floor is None else math.expm1(comparison.noise_floor),
        passes=comparison.passes,
        verdict=comparison.verdict,
        reason=comparison.reason,
        more_passes=comparison.more_passes,
    )


def _arm(truth: ArmTruth | None, time_s: float | None) -> Arm:
    return Arm(
        stored_layout=truth.stored_layout if truth else None,
        executed=truth.executed if truth else None,
        time_s=time_s,
    )


def _ratio(estimate: Estimate | None) -> Estimate | None:
    """From a log ratio to a ratio."""
    if estimate is None:
        return None
    return Estimate(
        point=math.exp(estimate.point),
        low=math.exp(estimate.low),
        high=math.exp(estimate.high),
        confidence_level=estimate.confidence_level,
    )
