"""What weakens a comparison of two sessions of one machine: warnings as data, each with its next step."""

import dataclasses
import functools
import operator
import statistics
from collections.abc import Iterator, Sequence

from profiler.judge.disturbance import CANARY_DRIFT
from profiler.judge.records import Estimate
from profiler.judge.statistics import expm1
from profiler.judge.verdicts import MIN_PASSES
from profiler.judge.warnings import Warning_, differences_between
from profiler.machine.reports import differing_facts
from profiler.machine.sources.throttling import throttle_words
from profiler.session.records import Session


def change_cautions(
    old: Session, new: Session, *, drift: Estimate | None, passes: Sequence[tuple[int, int]]
) -> tuple[Warning_, ...]:
    """Everything that a reader should know before blaming a change. `passes` are those of each case, old and new."""
    return (
        *_about_the_machine(old, new),
        *_about_the_drift(drift),
        *_about_the_conditions(old, new),
        *_about_the_sessions(old, new),
        *_about_the_passes(passes),
    )


def _about_the_machine(old: Session, new: Session) -> Iterator[Warning_]:
    facts = differing_facts(old.header.hardware, new.header.hardware)
    if facts:
        yield Warning_(
            text=f"NEW was measured on another machine ({', '.join(facts)}), and the machine alone explains any change",
            next_step="measure both on one machine, or set them side by side with report",
        )
    for text in differences_between(old.header, new.header):
        yield Warning_(
            text=f"NEW, beside OLD: {text}", next_step="blame it for a change only if nothing else is different"
        )


def _about_the_drift(drift: Estimate | None) -> Iterator[Warning_]:
    if drift is None:
        yield Warning_(
            text="a session does not hold the times of the fixed task, so nobody can tell a slower machine from slower "
            "code",
            next_step="measure both again with this version",
        )
    elif not -CANARY_DRIFT < drift.point < CANARY_DRIFT:
        yield Warning_(
            text=f"the machine itself ran {'slower' if drift.point > 0 else 'faster'}: the fixed task took "
            f"{expm1(drift.point):+.1%} time in NEW",
            next_step="let both run at the same clock and temperature, and measure again",
        )


def _about_the_conditions(old: Session, new: Session) -> Iterator[Warning_]:
    was, now = (_state(session) for session in (old, new))
    if was.governors != now.governors:
        yield Warning_(
            text=f"the frequency governor was {now.governors or 'unknown'} instead of {was.governors or 'unknown'}",
            next_step="set the same one for both, and measure again",
        )
    if was.clock_hz and now.clock_hz and not 1 - CANARY_DRIFT < now.clock_hz / was.clock_hz < 1 + CANARY_DRIFT:
        yield Warning_(
            text=f"the clock was mostly {now.clock_hz / 1e6:.0f} MHz instead of {was.clock_hz / 1e6:.0f} MHz",
            next_step="fix it for both, and measure again",
        )
    if was.throttled != now.throttled:
        yield Warning_(
            text=f"the firmware reported {now.throttled or 'nothing'} instead of {was.throttled or 'nothing'}",
            next_step="check power supply and cooling, and measure again",
        )


@dataclasses.dataclass(frozen=True)
class _State:
    """The machine over a session: its governors and throttle bits in words, the median of all clocks seen."""

    governors: str
    clock_hz: float
    throttled: str


def _state(session: Session) -> _State:
    moments = [record.conditions for record in session.conditions]
    clocks = [hz for moment in moments for hz in moment.frequencies_hz.values()]
    return _State(
        governors=", ".join(sorted({name for moment in moments for name in moment.governors.values()})),
        clock_hz=statistics.median(clocks) if clocks else 0.0,
        throttled=", ".join(
            throttle_words(functools.reduce(operator.or_, (moment.throttled or 0 for moment in moments), 0))
        ),
    )


def _about_the_sessions(old: Session, new: Session) -> Iterator[Warning_]:
    if old == new:
        yield Warning_(text="OLD and NEW are the same session", next_step="compare it with another one")
    if new.header.created_utc < old.header.created_utc:
        yield Warning_(text="NEW was measured before OLD", next_step="swap them, unless that is what you want")
    for name, session in (("OLD", old), ("NEW", new)):
        if session.end is None:
            yield Warning_(text=f"{name} was cut off or is being measured", next_step="let it end, or use run --resume")


def _about_the_passes(passes: Sequence[tuple[int, int]]) -> Iterator[Warning_]:
    few = sum(min(pair) < MIN_PASSES for pair in passes)
    if few:
        yield Warning_(
            text=f"{few} of {len(passes)} cases have less than {MIN_PASSES} passes in one session, too few to tell a "
            "change",
            next_step="continue it with run --resume, or with a larger --budget",
        )
