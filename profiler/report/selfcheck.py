"""The result of a self-check for a terminal: a line per runtime, and one sentence."""

from collections.abc import Mapping

from profiler.base.text import plain
from profiler.judge.selfcheck import SelfCheck, SelfCheckOutcome
from profiler.machine.reports import machine_name
from profiler.report.plain_text import aligned, wrap
from profiler.session.records import Session

_HEAD = ("runtime", "false alarms", "share", "equal", "found", "seen", "wrong", "tells apart")


def render_selfcheck(checks: Mapping[str, SelfCheck | None], session: Session, *, slowdown_percent: int) -> str:
    """The table and the sentence, 80 columns wide."""
    rows = [_cells(runtime, check) for runtime, check in checks.items()]
    lines = aligned([_HEAD, *rows])
    legend = (
        "False alarms: identical pairs called different, each judged by itself, with the 95 % interval of their share. "
        "Equal: identical pairs called so, all pairs judged together as in a report. Found: pairs slower by "
        f"{slowdown_percent} % called so; seen is the median difference measured. Tells apart: the difference that is "
        "called in nine of ten pairs."
    )
    failures = [wrap(f"x {failure.subject}: {failure.message}") for failure in session.failures]
    verdict = wrap(sentence(checks, session, slowdown_percent))
    return "\n".join([*lines, "", wrap(legend), *failures, "", verdict]) + "\n"


def sentence(checks: Mapping[str, SelfCheck | None], session: Session, slowdown_percent: int) -> str:
    """Whether verdicts of this device can be trusted, and down to what difference."""
    machine = machine_name(session.header.hardware)
    missing = [runtime for runtime, check in checks.items() if check is None]
    known = [check for check in checks.values() if check is not None]
    left_out = f" Not measured: {', '.join(missing)}." if missing else ""
    if not known:
        return f"Nothing can be said of {machine}: too few pairs were measured. Give it more time.{left_out}"
    alarms = SelfCheckOutcome(sum(c.false_alarms.count for c in known), sum(c.false_alarms.total for c in known))
    found = SelfCheckOutcome(sum(c.found.count for c in known), sum(c.found.total for c in known))
    seen = (
        f"of {alarms.total} identical pairs {alarms.count or 'none'} {'were' if alarms.count > 1 else 'was'} called "
        f"different (95 % interval: {_percent(alarms.interval[0])} to {_percent(alarms.interval[1])}), and of "
        f"{found.total} pairs slower by {slowdown_percent} % {found.count} were found"
    )
    wolves = [check.runtime for check in known if check.cries_wolf]
    blind = [check.runtime for check in known if check.is_blind]
    if wolves:
        return f"Do not trust verdicts of {machine} with {', '.join(wolves)}: {seen}.{left_out}"
    if blind:
        return (
            f"Verdicts of {machine} raise no false alarms, but miss too many differences of {slowdown_percent} % with "
            f"{', '.join(blind)}: {seen}. Give it more time, or quieten the machine.{left_out}"
        )
    finest = max(check.resolution or 0.0 for check in known)
    return f"Verdicts of {machine} can be trusted down to a difference of {_percent(finest)}: {seen}.{left_out}"


def _cells(runtime: str, check: SelfCheck | None) -> tuple[str, ...]:
    if check is None:
        return (plain(runtime), "not measured", *[""] * (len(_HEAD) - 2))
    low, high = check.false_alarms.interval
    return (
        plain(runtime),
        f"{check.false_alarms.count} of {check.false_alarms.total}",
        f"{100 * low:.0f}-{100 * high:.0f} %",
        str(check.equal),
        f"{check.found.count} of {check.found.total}",
        _percent(check.slowdown),
        str(check.wrong),
        _percent(check.resolution),
    )


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f} %"
