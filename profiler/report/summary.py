"""What a report says of one session, derived once for every format."""

from collections import Counter

from profiler import __version__
from profiler.artifacts.records import Form
from profiler.base.record import Record
from profiler.judge.cause import cause_of, regime_of
from profiler.judge.comparison import compare_session, rule_of
from profiler.judge.limits import limit_for
from profiler.judge.records import Comparison, CostComparison, Estimate, Limit, Overhead, Regime, Verdict
from profiler.judge.statistics import exp, expm1
from profiler.machine.caches import cache_level_for
from profiler.machine.records import Conditions, HardwareInfo
from profiler.machine.reports import machine_name
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload, format_batch
from profiler.report.answer import Answer, Judged, answer_for
from profiler.report.appendix_records import ClaimTable
from profiler.report.side_by_side import (
    SideBySide,
    Told,
    board_cautions,
    board_names,
    boards_answer,
    set_side_by_side,
)
from profiler.report.warnings import Warning_, warnings_beside, warnings_for
from profiler.session.records import (
    ArmTruth,
    Block,
    Case,
    Check,
    Control,
    Disturbance,
    Executed,
    Failure,
    Header,
    Options,
    Session,
    Weights,
)

REPORT_SCHEMA = 5


class Arm(Record, frozen=True, kw_only=True):
    """One layout of a row."""

    stored_layout: WeightLayout | None
    executed: Executed | None
    time_s: float | None


class OverheadRow(Record, frozen=True, kw_only=True):
    """What a call of a case costs without its layers, and the speedup with that taken off on both sides."""

    time_s: float
    share: float
    is_bound: bool
    speedup: Estimate | None


class CostRow(Record, frozen=True, kw_only=True):
    """What the layouts cost beside speed. Ratios are in_out / out_in, above 1 transposed storage is cheaper."""

    repeats: int
    load_s: dict[WeightLayout, Estimate]
    load_ratio: Estimate | None
    load_verdict: Verdict
    first_call_s: dict[WeightLayout, Estimate]
    first_call_ratio: Estimate | None
    first_call_verdict: Verdict
    peak_bytes: dict[WeightLayout, Estimate]
    load_rise_bytes: dict[WeightLayout, Estimate]
    size_bytes: dict[WeightLayout, int]


class Moment(Record, frozen=True, kw_only=True):
    """The machine before a pass (or at the end), and what the pass then saw."""

    pass_index: int
    is_end: bool
    conditions: Conditions
    blocks: int
    disturbed: dict[Disturbance, int]


class Row(Record, frozen=True, kw_only=True):
    """One case. `speedup` is time(in_out) / time(out_in); `null` the same ratio between copies of one layout.

    `cause` says in a sentence why, as far as that is known. `paired_passes` are those whose arms were loaded two at a
    time, for want of memory. Of a network, `in_features` and `out_features` are None.
    """

    case: Case
    dimensions: str
    in_features: int | None
    out_features: int | None
    batch: str
    weight_bytes: int
    fits_in: str
    arms: dict[WeightLayout, Arm]
    speedup: Estimate | None
    null: Estimate | None
    noise_floor: float | None
    is_biased: bool
    passes: int
    disturbed_passes: int
    verdict: Verdict
    reason: str
    more_passes: int | None
    decidable_margin: float | None
    overhead: OverheadRow | None
    cost: CostRow | None
    limit: Limit | None
    regime: Regime
    cause: str
    paired_passes: int = 0


class Summary(Record, frozen=True, kw_only=True):
    """Everything a report says of one session."""

    answer: Answer
    rows: tuple[Row, ...]
    tested_cases: int
    timeline: tuple[Moment, ...]
    disturbed_blocks: int
    blocks: int
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
    """One or several sessions; what `--format json` prints.

    Of several, `boards` names each, `side_by_side` has every case with what each session says of it, `boards_answer`
    says in sentences how often they agree, and `boards_cautions` what forbids to compare number by number. `claims` is
    what became of the two founding texts' claims, where a table of them was given.
    """

    schema_version: int
    tool_version: str
    sessions: tuple[Summary, ...]
    boards: tuple[str, ...] = ()
    boards_answer: str = ""
    boards_cautions: tuple[Warning_, ...] = ()
    side_by_side: tuple[SideBySide, ...] = ()
    claims: ClaimTable | None = None


def make_report(
    sessions: tuple[Session, ...],
    *,
    margin: float | None = None,
    confidence_level: float | None = None,
    claims: ClaimTable | None = None,
) -> Report:
    """Derive what every format shows; margin and confidence level are each run's own unless given."""
    headers = [session.header for session in sessions]
    summaries = tuple(
        summarize(
            session,
            margin=margin,
            confidence_level=confidence_level,
            beside=warnings_beside(headers[0], session.header),
        )
        for session in sessions
    )
    boards = board_names([machine_name(header.hardware) for header in headers])
    cases = set_side_by_side(headers, [{row.case.id: _told(row) for row in summary.rows} for summary in summaries])
    return Report(
        schema_version=REPORT_SCHEMA,
        tool_version=__version__,
        sessions=summaries,
        boards=boards,
        boards_answer=boards_answer(cases, boards),
        boards_cautions=board_cautions(headers, boards),
        side_by_side=cases,
        claims=claims,
    )


def _told(row: Row) -> Told:
    return Told(
        label=label_of(row), dimensions=row.dimensions, batch=row.batch, verdict=row.verdict, speedup=row.speedup
    )


def summarize(
    session: Session,
    *,
    margin: float | None = None,
    confidence_level: float | None = None,
    beside: tuple[Warning_, ...] = (),
) -> Summary:
    """Derive what a report says of one session.

    `margin` is a fraction: 0.03 for 3 %. `beside` are warnings that come from the other sessions of the report.
    """
    header = session.header
    rule = rule_of(header.options, margin=margin, confidence_level=confidence_level)
    workloads = {workload.name: workload for workload in header.workloads}
    checks = {check.case: check for check in session.checks}
    comparisons = compare_session(session, margin=margin, confidence_level=confidence_level)
    rows = tuple(
        _row(comparison, workloads[comparison.case.workload], checks.get(comparison.case.id), header)
        for comparison in comparisons
    )
    measured = [row for row in rows if row.passes]
    return Summary(
        answer=answer_for(
            [_judged(row) for row in measured],
            machine=machine_name(header.hardware),
            rule=rule,
            is_control=all(case.control is not Control.NONE for case in header.cases),
        ),
        rows=rows,
        tested_cases=len(rows),
        timeline=timeline_of(session),
        disturbed_blocks=sum(bool(block.disturbed_by) for block in session.blocks),
        blocks=len(session.blocks),
        failures=session.failures,
        warnings=(*beside, *warnings_for(session, comparisons, {row.case.id: label_of(row) for row in rows}, rule)),
        suite=header.suite,
        created_utc=header.created_utc,
        tool_version=header.tool_version,
        margin=rule.margin,
        confidence_level=rule.confidence_level,
        options=header.options,
        hardware=header.hardware,
    )


def timeline_of(session: Session) -> tuple[Moment, ...]:
    """The machine's state pass by pass, with the blocks of each and what disturbed them."""
    blocks: dict[int, list[Block]] = {}
    for block in session.blocks:
        blocks.setdefault(block.pass_index, []).append(block)
    lasts = {record.pass_index: record for record in session.conditions if not record.is_end}  # a pass may be resumed
    moments = []
    for record in session.conditions:
        own = blocks.get(record.pass_index, []) if lasts.get(record.pass_index) is record else []
        moments.append(
            Moment(
                pass_index=record.pass_index,
                is_end=record.is_end,
                conditions=record.conditions,
                blocks=len(own),
                disturbed=dict(Counter(mark for block in own for mark in block.disturbed_by)),
            )
        )
    return tuple(moments)


def _judged(row: Row) -> Judged:
    return Judged(
        label=label_of(row),
        runtime=row.case.team.label,
        control=row.case.control,
        verdict=row.verdict,
        speedup=row.speedup,
        load_verdict=row.cost.load_verdict if row.cost else None,
        load_ratio=row.cost.load_ratio if row.cost else None,
    )


def label_of(row: Row) -> str:
    """A row's case in words."""
    return case_label(row.case, row.dimensions)


def case_label(case: Case, dimensions: str) -> str:
    """A case in words."""
    form = "" if case.form is Form.CONTROLLED else f" ({case.form})"
    weights = "" if case.weights is Weights.WARM else f", {case.weights} weights"
    threads = "" if case.threads == 1 else f", {case.threads} threads"
    return f"{case.runtime}{form}, {dimensions}, batch {format_batch(case.batch_shape)}{threads}{weights}"


def short_name(workload: Workload) -> str:
    """A layer by its dimensions, a network by its name."""
    return workload.dimensions if workload.is_one_layer else workload.name


def _row(comparison: Comparison, workload: Workload, check: Check | None, header: Header) -> Row:
    truths = {truth.layout: truth for truth in check.arms} if check else {}
    hardware, cpus = header.hardware, header.options.cpus
    weight_bytes = workload.weight_bytes(comparison.case.dtype)
    level = cache_level_for(weight_bytes, hardware.caches, cpus)
    executed = {layout: truth.executed for layout, truth in truths.items()}
    limit = limit_for(comparison.case, workload, hardware, time_s=comparison.time_s, cpus=cpus)
    regime = regime_of(executed, level=level, overhead=comparison.overhead, limit=limit)
    return Row(
        case=comparison.case,
        dimensions=short_name(workload),
        in_features=workload.in_features if workload.is_one_layer else None,
        out_features=workload.out_features if workload.is_one_layer else None,
        batch=format_batch(comparison.case.batch_shape),
        weight_bytes=weight_bytes,
        fits_in=level,
        arms={layout: _arm(truths.get(layout), comparison.time_s.get(layout)) for layout in WeightLayout},
        speedup=ratio_of(comparison.effect),
        null=ratio_of(comparison.null),
        noise_floor=None if comparison.noise_floor is None else expm1(comparison.noise_floor),
        is_biased=comparison.is_biased,
        passes=comparison.passes,
        disturbed_passes=comparison.disturbed_passes,
        verdict=comparison.verdict,
        reason=comparison.reason,
        more_passes=comparison.more_passes,
        decidable_margin=comparison.decidable_margin,
        overhead=_overhead(comparison.overhead),
        cost=_cost(comparison.cost),
        limit=limit,
        regime=regime,
        cause=cause_of(
            comparison.case,
            executed,
            comparison.verdict if comparison.passes else None,
            regime,
            is_one_layout=not workload.layout_matters,
        ),
        paired_passes=comparison.paired_passes,
    )


def _overhead(overhead: Overhead | None) -> OverheadRow | None:
    if overhead is None:
        return None
    return OverheadRow(
        time_s=overhead.time_s,
        share=overhead.share,
        is_bound=overhead.is_bound,
        speedup=ratio_of(overhead.effect),
    )


def _cost(cost: CostComparison | None) -> CostRow | None:
    if cost is None:
        return None
    return CostRow(
        repeats=cost.repeats,
        load_s=cost.load_s,
        load_ratio=ratio_of(cost.load_effect),
        load_verdict=cost.load_verdict,
        first_call_s=cost.first_call_s,
        first_call_ratio=ratio_of(cost.first_call_effect),
        first_call_verdict=cost.first_call_verdict,
        peak_bytes=cost.peak_bytes,
        load_rise_bytes=cost.load_rise_bytes,
        size_bytes=cost.size_bytes,
    )


def _arm(truth: ArmTruth | None, time_s: float | None) -> Arm:
    return Arm(
        stored_layout=truth.stored_layout if truth else None,
        executed=truth.executed if truth else None,
        time_s=time_s,
    )


def ratio_of(estimate: Estimate | None) -> Estimate | None:
    """From a log ratio to a ratio."""
    if estimate is None:
        return None
    return Estimate(
        point=exp(estimate.point),
        low=exp(estimate.low),
        high=exp(estimate.high),
        confidence_level=estimate.confidence_level,
    )
