"""Check on this device that verdicts can be trusted: measure pairs whose answer is known."""

import math
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.base.files import refuse_existing
from profiler.commands.measuring import choose_options
from profiler.commands.options import check_options, combine, force_option, quiet_option
from profiler.commands.run import measure
from profiler.judge.comparison import rule_of
from profiler.judge.rows import compare_session
from profiler.judge.selfcheck import SelfCheck, check_runtime
from profiler.report.selfcheck import render_selfcheck
from profiler.session.file import load_session
from profiler.session.records import Case, Control, Session, Team

SLOWDOWN_PERCENT = 5
COPIES, QUICK_COPIES = 13, 2  # of each of four shapes: 52 identical pairs per runtime, or 8
QUICK_BUDGET_S = 105.0  # with start and answer checks: two minutes


@click.command()
@click.option("--quick", is_flag=True, help="Fewer pairs, and an end after two minutes.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Keep the session in this file.")
@combine(check_options, force_option, quiet_option)
def command(
    quick: bool,  # noqa: FBT001 - click's way
    output: Path | None,
    force: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    budget_s: float | None,
    **chosen: Any,
) -> int:
    """Measure pairs whose answer is known, on this device and through the whole pipeline, and say what that shows.

    Identical pairs load one file under both names: pays off or costs is then a false alarm. In the others one side
    does 5 % more work (2 % more than a wider margin): that should be found. Needs no bundle and no torch; every
    installed runtime is checked. Exit status 1 if verdicts of this device cannot be trusted.
    """
    options, _ = choose_options(
        forms=(), passes=None, looks=None, weights="warm", sets=None, identical=True, slower=None, **chosen
    )
    options = msgspec.structs.replace(
        options,
        controls=(Control.IDENTICAL, Control.SLOWER),
        slowdown_percent=_slowdown_percent(options.margin),
        copies=QUICK_COPIES if quick else COPIES,
    )
    if output is not None:
        refuse_existing(output, force=force)
    if budget_s is None and quick:
        budget_s = QUICK_BUDGET_S
    with tempfile.TemporaryDirectory() as folder:
        path = output or Path(folder) / "session.jsonl"
        _, stopped_by = measure(open_bundle(BUNDLE), path, options, force=force, quiet=quiet, budget_s=budget_s)
        session = load_session(path)
    checks = check_session(session)
    click.echo(render_selfcheck(checks, session, slowdown_percent=options.slowdown_percent), nl=False)
    if stopped_by is not None:
        return 128 + stopped_by
    is_good = all(check is not None and check.is_trustworthy for check in checks.values())
    return 0 if is_good and not session.failures else 1


def _slowdown_percent(margin: float) -> int:
    """5 %, or what lies clearly beyond a wider margin."""
    return max(SLOWDOWN_PERCENT, math.ceil(100 * margin) + 2)


def check_session(session: Session) -> dict[str, SelfCheck | None]:
    """The self-check of each runtime of a session; None for one whose pairs were not measured."""
    comparisons = compare_session(session)
    alone = {
        found.case.id: found.verdict for case in session.header.cases for found in compare_session(_only(session, case))
    }
    options = session.header.options
    teams = [Team(runtime, threads) for runtime in options.runtimes for threads in options.threads]
    return {
        team.label: check_runtime(
            team.label, [found for found in comparisons if found.case.team == team], alone, rule_of(options)
        )
        for team in teams
    }


def _only(session: Session, case: Case) -> Session:
    """The session as if it had measured one case."""
    return msgspec.structs.replace(
        session,
        header=msgspec.structs.replace(session.header, cases=(case,)),
        checks=(),
        costs=(),
        blocks=tuple(block for block in session.blocks if block.case == case.id),
    )
