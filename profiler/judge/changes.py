"""Derives what changed between two sessions, once for every format."""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

from profiler import __version__
from profiler.base.errors import InputError
from profiler.judge.change_cautions import change_cautions
from profiler.judge.change_records import (
    CHANGES_SCHEMA,
    CaseChange,
    Changes,
    LayoutChange,
    Movement,
    Side,
    SpeedupMovement,
    VerdictChange,
)
from profiler.judge.comparison import series_of
from profiler.judge.disturbance import counted_blocks
from profiler.judge.matching import CaseKey, keyed_cases
from profiler.judge.records import Estimate, Row, Verdict, case_label
from profiler.judge.rows import compare_session
from profiler.judge.shifts import (
    Shift,
    TwoSamples,
    doubt_about,
    judge_shifts,
    larger_end,
    log_times,
    median_shift,
    welch_interval,
)
from profiler.judge.statistics import expm1, ratio_of
from profiler.machine.reports import differing_facts, machine_name
from profiler.models.layout import WeightLayout
from profiler.session.records import Session

_MOVEMENTS = {
    Shift.UP: Movement.SLOWER,
    Shift.DOWN: Movement.FASTER,
    Shift.WITHIN: Movement.UNCHANGED,
    Shift.UNDECIDED: Movement.UNDECIDED,
}
_SPEEDUPS = {
    Shift.UP: SpeedupMovement.HIGHER,
    Shift.DOWN: SpeedupMovement.LOWER,
    Shift.WITHIN: SpeedupMovement.UNCHANGED,
    Shift.UNDECIDED: SpeedupMovement.UNDECIDED,
}


def make_changes(old: Session, new: Session, *, margin: float, confidence_level: float) -> Changes:
    """Derive what changed from `old` to `new`.

    Raises:
        InputError: no case is in both.
    """
    keys = [keyed_cases(session.header) for session in (old, new)]
    shared = [key for key in keys[0] if key in keys[1]]
    if not shared:
        raise InputError(
            "the sessions share no case: compare two that measured the same layers, batches and runtimes with as many "
            "threads; report sets other sessions side by side"
        )
    drift = median_shift(_canaries(old), _canaries(new), confidence_level=confidence_level)
    floor = larger_end(drift)
    seen = [_passes(session, margin=margin, confidence_level=confidence_level) for session in (old, new)]
    pairs = {key.case.id: (seen[0][key.case.id], seen[1][key.case.id]) for key in shared}
    cases = _changes(pairs, floor, margin=margin, confidence_level=confidence_level)
    return Changes(
        schema_version=CHANGES_SCHEMA,
        tool_version=__version__,
        margin=margin,
        confidence_level=confidence_level,
        old=_side(old, [key for key in keys[0] if key not in keys[1]]),
        new=_side(new, [key for key in keys[1] if key not in keys[0]]),
        other_machine=tuple(differing_facts(old.header.hardware, new.header.hardware)),
        drift=ratio_of(drift),
        drift_floor=None if floor is None else expm1(floor),
        cases=cases,
        cautions=change_cautions(old, new, drift=drift, passes=[case.passes for case in cases]),
    )


def _canaries(session: Session) -> list[float]:
    """Logs of the fixed task's times, before every pass and at the end."""
    return [math.log(record.conditions.canary_s) for record in session.conditions if record.conditions.canary_s]


@dataclasses.dataclass(frozen=True)
class _Passes:
    """A case in one session: its row there, and the logs of what each pass gave."""

    row: Row
    times: dict[WeightLayout, tuple[float, ...]]
    effects: tuple[float, ...]


def _passes(session: Session, *, margin: float, confidence_level: float) -> dict[str, _Passes]:
    """The cases of a session by their ids."""
    rows = compare_session(session, margin=margin, confidence_level=confidence_level)
    blocks = counted_blocks(session.blocks, [case.id for case in session.header.cases])
    return {
        (case := row.case.id): _Passes(row, times=log_times(blocks[case]), effects=series_of(blocks[case]).effects)
        for row in rows
    }


def _changes(
    pairs: Mapping[str, tuple[_Passes, _Passes]], drift: float | None, *, margin: float, confidence_level: float
) -> tuple[CaseChange, ...]:
    """All cases that both sessions have, judged together."""
    fractions = {key: _noise_floor(old.row, new.row) for key, (old, new) in pairs.items()}
    floors = {key: None if fraction is None else math.log1p(fraction) for key, fraction in fractions.items()}
    times = {
        (key, layout): TwoSamples(old.times[layout], new.times[layout], floors[key], drift)
        for key, (old, new) in pairs.items()
        for layout in WeightLayout
    }
    effects = {key: TwoSamples(old.effects, new.effects, floors[key]) for key, (old, new) in pairs.items()}
    movements = judge_shifts(times, margin=margin, confidence_level=confidence_level)
    speedups = judge_shifts(effects, margin=margin, confidence_level=confidence_level)
    return tuple(
        _case_change(
            old.row,
            new.row,
            fractions[key],
            {
                layout: _layout_change(times[key, layout], movements[key, layout], margin, confidence_level)
                for layout in WeightLayout
            },
            speedup_ratio=ratio_of(welch_interval(old.effects, new.effects, confidence_level=confidence_level)),
            speedup_movement=_SPEEDUPS[speedups[key]],
        )
        for key, (old, new) in pairs.items()
    )


def _noise_floor(old: Row, new: Row) -> float | None:
    """The larger one of both sessions; None where one is unknown."""
    if old.noise_floor is None or new.noise_floor is None:
        return None
    return max(old.noise_floor, new.noise_floor)


def _case_change(
    old: Row,
    new: Row,
    noise_floor: float | None,
    layouts: dict[WeightLayout, LayoutChange],
    *,
    speedup_ratio: Estimate | None,
    speedup_movement: SpeedupMovement,
) -> CaseChange:
    return CaseChange(
        label=new.label,
        case=new.case,
        title=new.title,
        batch=new.batch,
        passes=(old.passes, new.passes),
        noise_floor=noise_floor,
        layouts=layouts,
        old_verdict=old.verdict,
        new_verdict=new.verdict,
        verdict_change=change_of_verdict(old.verdict, new.verdict),
        old_speedup=old.speedup,
        new_speedup=new.speedup,
        speedup_ratio=speedup_ratio,
        speedup_movement=speedup_movement,
    )


def change_of_verdict(old: Verdict, new: Verdict) -> VerdictChange:
    """Whether a decided verdict became another decided one."""
    if Verdict.UNDECIDED in (old, new):
        return VerdictChange.UNDECIDED
    return VerdictChange.SAME if old is new else VerdictChange.CHANGED


def _layout_change(samples: TwoSamples, shift: Shift, margin: float, confidence_level: float) -> LayoutChange:
    return LayoutChange(
        old_s=_seconds(samples.old),
        new_s=_seconds(samples.new),
        time_ratio=ratio_of(welch_interval(samples.old, samples.new, confidence_level=confidence_level)),
        movement=_MOVEMENTS[shift],
        doubt=doubt_about(samples, margin=margin) if shift is Shift.UNDECIDED else None,
    )


def _seconds(logs: Sequence[float]) -> float | None:
    """Seconds per call: the geometric mean over passes, from their logs; None without any."""
    return math.exp(statistics.fmean(logs)) if logs else None


def _side(session: Session, alone: Sequence[CaseKey]) -> Side:
    workloads = {workload.key: workload for workload in session.header.workloads}
    return Side(
        machine=machine_name(session.header.hardware),
        created_utc=session.header.created_utc,
        tool_version=session.header.tool_version,
        suite=session.header.suite,
        only_here=tuple(case_label(key.case, workloads[key.case.workload].title) for key in alone),
    )
