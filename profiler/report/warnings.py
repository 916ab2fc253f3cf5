"""What a reader should know before trusting a session: warnings as data, each with its next step."""

from collections.abc import Iterator

from profiler.analyze.verdicts import MIN_PASSES
from profiler.records import Conditions, Control, EndReason, Record, Session

CANARY_DRIFT = 0.05  # a fixed task that takes 5 % longer at one moment of a run: the machine changed under it
_THROTTLE_BITS = {
    0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit",
    16: "under-voltage since boot", 17: "frequency capped since boot", 18: "throttled since boot",
    19: "soft temperature limit since boot",
}  # fmt: skip  # Raspberry Pi documentation, os/graphics-utilities.adoc


class Warning_(Record, frozen=True, kw_only=True):  # noqa: N801 - `Warning` is a builtin
    """Something that weakens the result, and what to do about it."""

    text: str
    next_step: str


def warnings_for(session: Session) -> tuple[Warning_, ...]:
    """Everything to be said about how a session came about."""
    return (*_about_the_end(session), *_about_the_plan(session), *_about_the_machine(session))


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
    if header.options.control is Control.IDENTICAL:
        yield Warning_(
            text="this is a control run: the same file was measured under both names",
            next_step="read it as a test of the method, not of the layouts",
        )
    if "scripted" in header.options.runtimes:
        yield Warning_(
            text="the times of the runtime scripted are invented", next_step="never take them for a measurement"
        )
    for text in header.left_out:
        yield Warning_(text=f"not measured: {text}", next_step="install it, or export that format, to have it measured")
    vectors = [workload.name for workload in header.workloads if not workload.layout_matters]
    if vectors:
        yield Warning_(
            text=f"{', '.join(vectors)}: a weight with one row or column is the same bytes in both layouts",
            next_step="expect equal; nothing else could be true",
        )


def _about_the_machine(session: Session) -> Iterator[Warning_]:
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
            next_step="set it for the run: echo performance | "
            "sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
        )
    bits = _throttle_words(moments)
    if bits:
        yield Warning_(
            text=f"the firmware reported {', '.join(bits)}", next_step="check power supply and cooling, and run again"
        )
    swap = [moment.swap_used_bytes for moment in moments if moment.swap_used_bytes is not None]
    if swap and max(swap) > swap[0]:
        yield Warning_(text="memory was swapped out during the run", next_step="measure smaller layers, or free memory")


def _throttle_words(moments: list[Conditions]) -> list[str]:
    seen = 0
    for moment in moments:
        seen |= moment.throttled or 0
    return [word for bit, word in _THROTTLE_BITS.items() if seen >> bit & 1]
