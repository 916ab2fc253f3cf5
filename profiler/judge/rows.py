"""From a session to its finished rows: one per case, with its verdict, what it rests on, and why it came out so."""

from collections.abc import Sequence

from profiler.judge.advice import decidable_margin, more_passes
from profiler.judge.cause import cause_of, regime_of
from profiler.judge.comparison import is_paired, layout_times, rule_of, series_of
from profiler.judge.costs import compare_costs
from profiler.judge.disturbance import counted_blocks
from profiler.judge.limits import limit_for
from profiler.judge.overhead import call_overhead
from profiler.judge.records import Costs, LayoutRow, Row
from profiler.judge.statistics import expm1, ratio_of
from profiler.judge.verdicts import Judgement, judge_run
from profiler.machine.caches import cache_level_for
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload, format_batch
from profiler.session.records import ArmTruth, Block, Case, Check, Header, Session


def compare_session(
    session: Session, *, margin: float | None = None, confidence_level: float | None = None
) -> tuple[Row, ...]:
    """One row per case of the session, in its order; cases without a block are undecided.

    The cases are judged together: the chance of any false pays off or costs among them stays below the error that
    `confidence_level` leaves. Both default to what the run was planned with, which also said when to stop. A session
    without an end is judged at its looks alone, however often it is read while it grows.
    """
    header = session.header
    blocks = counted_blocks(session.blocks, [case.id for case in header.cases])
    series = {case.id: series_of(blocks[case.id]) for case in header.cases}
    rule = rule_of(header.options, margin=margin, confidence_level=confidence_level)
    judgements = judge_run(series, rule, planned=rule_of(header.options), is_over=session.end is not None)
    costs = compare_costs(session.costs, session.checks, rule)
    checks = {check.case: check for check in session.checks}
    workloads = {workload.key: workload for workload in header.workloads}
    return tuple(
        _row(
            header,
            case,
            workloads[case.workload],
            judgements[case.id],
            blocks[case.id],
            cost=costs.get(case.id),
            check=checks.get(case.id),
        )
        for case in header.cases
    )


def _row(
    header: Header,
    case: Case,
    workload: Workload,
    judgement: Judgement,
    blocks: Sequence[Block],
    *,
    cost: Costs | None,
    check: Check | None,
) -> Row:
    cpus = header.options.cpus
    evidence = judgement.evidence
    times = layout_times(blocks)
    truths = {truth.layout: truth for truth in check.arms} if check else {}
    executed = {layout: truth.executed for layout, truth in truths.items()}
    overhead = call_overhead(blocks, confidence_level=evidence.rule.confidence_level)
    weight_bytes = workload.weight_bytes(case.dtype)
    level = cache_level_for(weight_bytes, header.hardware.caches, cpus)
    limit = limit_for(case, workload, header.hardware, time_s=times, cpus=cpus)
    verdict = judgement.verdict if blocks else None
    regime = regime_of(executed, level=level, overhead=overhead, limit=limit)
    return Row(
        case=case,
        name=workload.label,
        title=workload.title,
        dimensions=workload.dimensions,
        in_features=workload.in_features if workload.is_one_layer else None,
        out_features=workload.out_features if workload.is_one_layer else None,
        batch=format_batch(case.batch_shape),
        weight_bytes=weight_bytes,
        fits_in=level,
        arms={layout: _layout_row(truths.get(layout), times.get(layout)) for layout in WeightLayout},
        speedup=ratio_of(evidence.effect),
        null=ratio_of(evidence.null),
        noise_floor=None if evidence.noise_floor is None else expm1(evidence.noise_floor),
        is_biased=judgement.is_biased,
        passes=len(blocks),
        disturbed_passes=sum(bool(block.disturbed_by) for block in blocks),
        verdict=judgement.verdict,
        reason=judgement.reason,
        more_passes=more_passes(judgement),
        decidable_margin=decidable_margin(judgement),
        overhead=overhead,
        cost=cost,
        limit=limit,
        regime=regime,
        cause=cause_of(case, executed, verdict, regime, is_one_layout=not workload.layout_matters),
        paired_passes=sum(map(is_paired, blocks)),
    )


def _layout_row(truth: ArmTruth | None, time_s: float | None) -> LayoutRow:
    return LayoutRow(
        stored_layout=truth.stored_layout if truth else None,
        executed=truth.executed if truth else None,
        time_s=time_s,
    )
