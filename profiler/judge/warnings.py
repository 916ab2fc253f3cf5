"""What a reader should know before trusting a session: warnings as data, each with its next step."""

import functools
import itertools
import operator
from collections import Counter
from collections.abc import Iterator, Sequence

from profiler.base.record import Record
from profiler.base.text import short_name
from profiler.judge.disturbance import CANARY_DRIFT, changes
from profiler.judge.matching import renamed_workloads
from profiler.judge.records import Row
from profiler.judge.verdicts import MIN_PASSES, Rule
from profiler.judge.wheels import find_wrong_wheels
from profiler.judge.wording import level_words, margin_words
from profiler.machine.advice import SET_GOVERNOR, advise_on_results
from profiler.machine.caches import wanted_eviction_bytes
from profiler.machine.reports import machine_name
from profiler.machine.sources.throttling import throttle_words
from profiler.session.records import Control, Disturbance, EndReason, Header, Session, Weights

_TELLING = (
    "margin", "confidence_level", "looks", "rounds", "slice_s", "threads", "cpus", "sets", "controls",
    "slowdown_percent", "eviction_bytes", "forked",
)  # fmt: skip
EARLIEST_UTC = "2025"  # this program is younger: a board without a clock begins in 1970, or at its image's date


class Warning_(Record, frozen=True, kw_only=True):  # noqa: N801 - `Warning` is a builtin
    """Something that weakens the result, and what to do about it."""

    text: str
    next_step: str


def warnings_for(session: Session, rows: Sequence[Row], rule: Rule) -> tuple[Warning_, ...]:
    """Everything to be said about how a session came about."""
    return (
        *_about_the_wheels(session),
        *_about_the_end(session),
        *_about_the_plan(session),
        *_about_the_rule(session, rule),
        *_about_the_controls(rows),
        *_about_the_memory(rows),
        *_about_the_machine(session),
        *_about_the_clock(session),
        *_about_the_blocks(session, rows),
    )


def warnings_beside(first: Header, other: Header) -> tuple[Warning_, ...]:
    """What forbids to compare a session with the first one of a report, number by number."""
    found = []
    machines = [machine_name(header.hardware) for header in (first, other)]
    if machines[0] != machines[1]:
        found.append(f"it was measured on {machines[1]}, the first on {machines[0]}")
    found += differences_between(first, other)
    return tuple(
        Warning_(text=f"beside the first session: {text}", next_step="compare the verdicts, not the times")
        for text in found
    )


def differences_between(first: Header, other: Header) -> list[str]:
    """How else than on one machine the other session was measured: options, versions, files."""
    found = []
    differing = [name for name in _TELLING if getattr(first.options, name) != getattr(other.options, name)]
    if differing:
        found.append(f"it was measured with other options ({', '.join(differing)})")
    if first.tool_version != other.tool_version:
        found.append(f"it was measured by layout-profiler {other.tool_version} instead of {first.tool_version}")
    was, now = first.hardware.software, other.hardware.software
    changed = [
        f"{name} {now.get(name, 'missing')} instead of {was.get(name, 'missing')}"
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    ]
    if changed:
        found.append(f"it was measured with other software ({', '.join(changed)})")
    if first.manifest_sha256 != other.manifest_sha256:
        suites = "" if first.suite == other.suite else f" of the suite {other.suite} instead of {first.suite}"
        found.append(
            f"it measured another bundle{suites}: the layers have the same sizes, but the files, and perhaps the "
            "values of the weights, are others"
        )
    renamed = renamed_workloads(first, other)
    if renamed:
        found.append(f"{', '.join(renamed)} names other layers there, and is not set beside its namesake")
    return found


def _about_the_wheels(session: Session) -> Iterator[Warning_]:
    for wheel in find_wrong_wheels(session):
        yield Warning_(text=wheel.text, next_step=wheel.next_step)


def _about_the_end(session: Session) -> Iterator[Warning_]:
    options = session.header.options
    if session.end is None:
        yield Warning_(text="the run was cut off", next_step="continue it with run --resume")
    elif session.end.reason is EndReason.INTERRUPTED:
        yield Warning_(text="the run was interrupted", next_step="continue it with run --resume")
    elif session.end.reason is EndReason.BUDGET:
        yield Warning_(
            text="the time budget ended the run before all passes", next_step="continue it with run --resume"
        )
    if options.passes < MIN_PASSES:
        count = "1 pass is" if options.passes == 1 else f"{options.passes} passes are"
        yield Warning_(
            text=f"{count} too few for a verdict",
            next_step=f"run with --passes {MIN_PASSES} or more",
        )


def _about_the_plan(session: Session) -> Iterator[Warning_]:
    header = session.header
    if any(case.control is not Control.NONE for case in header.cases):
        yield Warning_(
            text="this is a control run: the same file was measured under both names",
            next_step="read it as a test of the method, not of the layouts",
        )
    if "scripted" in header.options.runtimes:
        yield Warning_(
            text="the times of the runtime scripted are invented", next_step="never take them for a measurement"
        )
    versions = {resume.tool_version for resume in session.resumes} - {header.tool_version}
    if versions:
        yield Warning_(
            text=f"layout-profiler {header.tool_version} began the run, {', '.join(sorted(versions))} continued it",
            next_step="measure with one version, if the numbers look odd",
        )
    for text in header.left_out:
        yield Warning_(text=f"not measured: {text}", next_step="install it, or export that format, to have it measured")
    vectors = [short_name(workload.label) for workload in header.workloads if not workload.layout_matters]
    if vectors:
        yield Warning_(
            text=f"{', '.join(vectors)}: a weight with one row or column is the same bytes in both layouts",
            next_step="expect equal; nothing else could be true",
        )


def _about_the_rule(session: Session, rule: Rule) -> Iterator[Warning_]:
    options = session.header.options
    if (rule.margin, rule.confidence_level) != (options.margin, options.confidence_level):
        yield Warning_(
            text=f"the run stopped measuring a case by a margin of {margin_words(options.margin)} at "
            f"{level_words(options.confidence_level)}, this report judges by {margin_words(rule.margin)} at "
            f"{level_words(rule.confidence_level)}",
            next_step="for narrower intervals run with that margin",
        )
    if Weights.COLD in options.weights and max(options.threads) > 1:
        yield Warning_(
            text="cold weights: only the calling thread's own caches were emptied, besides the shared ones",
            next_step="read cold as colder than warm, or measure it with one thread",
        )
    if Weights.COLD in options.weights:
        wanted = wanted_eviction_bytes(session.header.hardware.caches)
        known = any(cache.size_bytes for cache in session.header.hardware.caches if cache.type != "instruction")
        if options.eviction_bytes < wanted or not known:
            what = f"twice the last-level cache is {wanted / 2**20:.3g} MiB" if known else "no cache size is known"
            yield Warning_(
                text=f"cold weights: {options.eviction_bytes / 2**20:.3g} MiB were walked between calls, and {what}",
                next_step="read cold as colder than warm: some of the weights may have stayed in the last-level cache",
            )


def _about_the_controls(rows: Sequence[Row]) -> Iterator[Warning_]:
    biased = [row.label for row in rows if row.is_biased]
    if biased:
        yield Warning_(
            text=f"two copies of one layout differ by more than chance in {'; '.join(biased)}",
            next_step="do not rely on these cases; look for what their arms do not share, and run again",
        )


def _about_the_memory(rows: Sequence[Row]) -> Iterator[Warning_]:
    paired = [row.label for row in rows if row.paired_passes]
    if paired:
        yield Warning_(
            text="memory was too short for four copies of the weights, so that two pairs were loaded, one after the "
            f"other: {'; '.join(paired)}",
            next_step="read the verdicts as any other: effect and null still come from four copies",
        )


def _about_the_machine(session: Session) -> Iterator[Warning_]:
    for advice in advise_on_results(session.header.hardware):
        yield Warning_(text=advice.text, next_step=advice.next_step)
    moments = [record.conditions for record in session.conditions]
    canaries = [moment.canary_s for moment in moments if moment.canary_s]
    if canaries and max(canaries) > (1 + CANARY_DRIFT) * min(canaries):
        yield Warning_(
            text=f"a fixed task took up to {max(canaries) / min(canaries) - 1:.0%} longer at some moments of the run",
            next_step="stop other programs, cool the board, and run again",
        )
    governors = {governor for moment in moments for governor in moment.governors.values()}
    if governors - {"performance"}:
        yield Warning_(
            text=f"the CPU frequency governor was {', '.join(sorted(governors))}",
            next_step=f"set it for the run: {SET_GOVERNOR}",
        )
    bits = throttle_words(functools.reduce(operator.or_, (moment.throttled or 0 for moment in moments), 0))
    if bits:
        yield Warning_(
            text=f"the firmware reported {', '.join(bits)}", next_step="check power supply and cooling, and run again"
        )
    swap = [moment.swap_used_bytes for moment in moments if moment.swap_used_bytes is not None]
    if len({tuple(sorted(moment.governors.items())) for moment in moments}) > 1:
        yield Warning_(
            text="the frequency governor was changed during the run", next_step="leave it alone and run again"
        )
    if swap and max(swap) > swap[0]:
        yield Warning_(text="memory was swapped out during the run", next_step="measure smaller layers, or free memory")


def _about_the_clock(session: Session) -> Iterator[Warning_]:
    if session.header.created_utc < EARLIEST_UTC:
        yield Warning_(
            text=f"the clock said {session.header.created_utc}, which cannot be",
            next_step="do not trust the dates; times and ratios are measured with another clock and hold",
        )
    seen = {mark for block in session.blocks for mark in block.disturbed_by}
    for record, following in itertools.pairwise(session.conditions):
        if following.invocation == record.invocation:  # a resumed run's clocks begin anew
            seen.update(changes(record.conditions, following.conditions))
    if Disturbance.SUSPENDED in seen:
        yield Warning_(text="the machine slept during the run", next_step="keep it awake, and run again if in doubt")
    if backwards := _backwards(session):
        yield Warning_(
            text=f"the clock said {backwards[1]} when the run went on, and {backwards[0]} before",
            next_step="do not trust the dates, as of a board without a clock of its own; times and ratios hold",
        )
    if Disturbance.CLOCK in seen:
        yield Warning_(
            text="the clock was set during the run", next_step="nothing: times are measured with another clock"
        )


def _backwards(session: Session) -> tuple[str, str] | None:
    """The first two moments of which the later one says an earlier time, one of them before the run was resumed."""
    latest = session.header.created_utc
    for count, resume in enumerate(session.resumes):
        told = [record.conditions.utc for record in session.conditions if record.invocation == count]
        latest = max([latest, *told])
        if resume.utc < latest:
            return latest, resume.utc
    return None


def _about_the_blocks(session: Session, rows: Sequence[Row]) -> Iterator[Warning_]:
    marks = Counter(mark.value for block in session.blocks for mark in block.disturbed_by)
    if not marks:
        return
    count = sum(bool(block.disturbed_by) for block in session.blocks)
    still = sum(row.disturbed_passes for row in rows)
    kept = f"; {still} of them count all the same, since most of their case's were" if still else " and do not count"
    yield Warning_(
        text=f"{count} of {len(session.blocks)} blocks were disturbed "
        f"({', '.join(f'{mark} {times}' for mark, times in marks.most_common())}){kept}",
        next_step="stop other programs, cool the board and run again, if too much is undecided",
    )
