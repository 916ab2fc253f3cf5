"""What changed in plain sentences. They count and name extremes, and average over nothing."""

import math
from collections import Counter

from profiler.judge.change_records import Changes, LayoutChange, Movement, SpeedupMovement, VerdictChange
from profiler.judge.shifts import Doubt
from profiler.judge.wording import margin_words
from profiler.models.layout import WeightLayout

MAX_NAMED = 5  # cases that a sentence names; the table has all


def headline(changes: Changes) -> str:
    """How many times of a call became slower or faster, and which most."""
    found = [
        (f"{case.label}, {layout.axes}", case.layouts[layout]) for case in changes.cases for layout in WeightLayout
    ]
    counts = Counter(change.movement for _, change in found)
    parts = [
        _part(found, Movement.SLOWER, counts[Movement.SLOWER], len(found)),
        _part(found, Movement.FASTER, counts[Movement.FASTER], None),
        f"unchanged within {margin_words(changes.margin)} in {counts[Movement.UNCHANGED] or 'none'}",
    ]
    return f"NEW is {', '.join(parts)} and undecided in {counts[Movement.UNDECIDED] or 'none'}."


def doubt_sentence(changes: Changes) -> str:
    """Why times are undecided; empty where none is."""
    doubts = Counter(
        change.doubt for case in changes.cases for change in case.layouts.values() if change.doubt is not None
    )
    noise = [case.noise_floor for case in changes.cases if case.noise_floor is not None]
    parts = [f"in {count}, {doubt}" for doubt, count in doubts.most_common()]
    seen = f" (up to {100 * max(noise):.3g} % here)" if doubts[Doubt.NOISE] else ""
    return f"Why undecided: {'; '.join(parts)}.".replace(Doubt.NOISE, f"{Doubt.NOISE}{seen}") if parts else ""


def _part(found: list[tuple[str, LayoutChange]], movement: Movement, count: int, total: int | None) -> str:
    """`slower in 2 of 80 times (at most 1.10x as long: ...)`."""
    of = "" if total is None else f" of {total} {'time' if total == 1 else 'times'}"
    if not count:
        return f"{movement} in none{of}"
    moved = [
        (change.time_ratio.point, label)
        for label, change in found
        if change.movement is movement and change.time_ratio is not None
    ]
    ratio, label = max(moved, key=lambda entry: abs(math.log(entry[0])))
    return f"{movement} in {count}{of} (at most {ratio:.2f}x as long: {label})".replace(
        "at most", "at worst" if movement is Movement.SLOWER else "at best"
    )


def verdict_sentence(changes: Changes) -> str:
    """How many verdicts changed, and in how many of them the speedup moved beyond the noise."""
    changed = [case for case in changes.cases if case.verdict_change is VerdictChange.CHANGED]
    undecided = sum(case.verdict_change is VerdictChange.UNDECIDED for case in changes.cases)
    total = f"{len(changes.cases)} {'case' if len(changes.cases) == 1 else 'cases'}"
    left = f"; {undecided} cannot be compared, since a session left it undecided" if undecided else ""
    if not changed:
        return f"The verdict changed in none of {total}{left}."
    sure = sum(case.speedup_movement in (SpeedupMovement.HIGHER, SpeedupMovement.LOWER) for case in changed)
    named = [f"{case.label}: {case.old_verdict} -> {case.new_verdict}" for case in changed[:MAX_NAMED]]
    more = f" and {len(changed) - MAX_NAMED} more" if len(changed) > MAX_NAMED else ""
    return (
        f"The verdict changed in {len(changed)} of {total} ({'; '.join(named)}{more}), in {sure} of them with a "
        f"speedup that changed beyond the noise{left}."
    )


def drift_sentence(changes: Changes) -> str:
    """What the machine itself did between the sessions, and what that means for the times."""
    if changes.drift is None or changes.drift_floor is None:
        return "Drift: unknown, so no change of a time can be decided; changes of the speedup can."
    low, high = changes.drift.low, changes.drift.high
    return (
        f"Drift: a fixed task took {changes.drift.point:.3f} [{low:.3f}, {high:.3f}] times as long in NEW, so that "
        f"the interval of every time is judged as if it reached {100 * changes.drift_floor:.1f} % farther to either "
        "side. The task computes: it does not see a slower memory. The speedup is a ratio within each pass and needs "
        "no such allowance."
    )
