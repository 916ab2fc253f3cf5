"""What every format shows: the sessions, side by side where they are several, and the table of claims if any."""

from profiler import __version__
from profiler.base.record import Record
from profiler.judge.boards import SideBySide, board_cautions, board_names, boards_answer, set_side_by_side
from profiler.judge.summary import Summary, summarize
from profiler.judge.warnings import Warning_, warnings_beside
from profiler.machine.reports import machine_name
from profiler.report.appendix_records import ClaimTable
from profiler.session.records import Session

REPORT_SCHEMA = 6


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
    cases = set_side_by_side(headers, [summary.rows for summary in summaries])
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
