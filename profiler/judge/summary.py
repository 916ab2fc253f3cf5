"""What a session says as a whole: its answer, its rows, how the run went, and what weakens it."""

from collections import Counter

from profiler.base.record import Record
from profiler.judge.answer import Answer, answer_for
from profiler.judge.comparison import rule_of
from profiler.judge.records import Row
from profiler.judge.rows import compare_session
from profiler.judge.warnings import Warning_, warnings_for
from profiler.machine.records import Conditions, HardwareInfo
from profiler.machine.reports import machine_name
from profiler.session.records import Block, Control, Disturbance, Failure, Options, Session


class Moment(Record, frozen=True, kw_only=True):
    """The machine before a pass (or at the end), and what the pass then saw."""

    pass_index: int
    is_end: bool
    conditions: Conditions
    blocks: int
    disturbed: dict[Disturbance, int]


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
    rows = compare_session(session, margin=margin, confidence_level=confidence_level)
    return Summary(
        answer=answer_for(
            [row for row in rows if row.passes],
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
        warnings=(*beside, *warnings_for(session, rows, rule)),
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
