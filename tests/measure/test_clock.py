"""A board without a clock of its own: it begins in 1970, or where it was last seen, and is set in mid-run."""

import time
from pathlib import Path

import pytest

from profiler.judge.records import Verdict
from profiler.judge.rows import compare_session
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.session.records import EndReason, Session
from tests.runs import Recorder, Script, ended_after, execute, options

CASES, PASSES = 4, 8
YEARS_S = 50 * 365 * 86400.0


class Clock:
    """The wall clock, off by so many seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, off_s: float) -> None:
        self.off_s = off_s
        now = time.time
        monkeypatch.setattr("profiler.machine.conditions.time.time", lambda: now() + self.off_s)
        monkeypatch.setattr(
            "profiler.machine.conditions.utc_now",
            lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now() + self.off_s)),
        )
        monkeypatch.setattr("profiler.measure.supervisor.utc_now", lambda: utc(now() + self.off_s))


def utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def said(session: Session) -> str:
    report = make_report((session,))
    for output_format in (Format.MARKDOWN, Format.JSON, Format.CSV):
        assert render(report, output_format)
    return " ".join(warning.text for warning in report.sessions[0].warnings)


@pytest.mark.parametrize("jump_s", [-YEARS_S, -3600.0, 3600.0, YEARS_S])
def test_a_clock_that_is_set_in_mid_run_changes_no_time_and_is_told(
    exported: Path, tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    script(in_out_factor=1.2, call_sd=0.005)
    clock = Clock(monkeypatch, 0.0)
    recorder = Recorder()
    recorder.on_block = lambda _: setattr(clock, "off_s", jump_s if recorder.blocks >= 10 else 0.0)
    end, session = execute(exported, tmp_path / "s.jsonl", options(passes=PASSES), recorder=recorder)
    assert end.reason is EndReason.COMPLETE
    assert 0 <= end.elapsed_s < 600
    assert [block.at_s for block in session.blocks] == sorted(block.at_s for block in session.blocks)
    assert {comparison.verdict for comparison in compare_session(session)} == {Verdict.PAYS_OFF}
    assert "the clock was set during the run" in said(session)


def test_a_run_of_1970_is_usable_and_its_dates_are_not_trusted(
    exported: Path, tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(in_out_factor=1.2, call_sd=0.005)
    Clock(monkeypatch, -time.time() + 30)
    _, session = execute(exported, tmp_path / "s.jsonl", options(passes=PASSES))
    assert session.header.created_utc.startswith("1970-01-01T00:00:")
    assert {comparison.verdict for comparison in compare_session(session)} == {Verdict.PAYS_OFF}
    assert "which cannot be" in said(session)


@pytest.mark.parametrize(("off_s", "is_told"), [(-1800.0, True), (-YEARS_S, True), (0.0, False), (86400.0, False)])
def test_a_run_that_goes_on_before_it_began_is_told(
    exported: Path, tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch, off_s: float, is_told: bool
) -> None:
    """After a power loss such a board begins where its clock was last saved."""
    script(in_out_factor=1.2, call_sd=0.005)
    clock = Clock(monkeypatch, 0.0)
    path = tmp_path / "s.jsonl"
    execute(exported, path, options(passes=PASSES), recorder=ended_after(9))
    clock.off_s = off_s
    _, session = execute(exported, path, options(passes=PASSES), resume=True)
    assert len(session.blocks) == CASES * PASSES
    assert {comparison.verdict for comparison in compare_session(session)} == {Verdict.PAYS_OFF}
    assert ("do not trust" in said_steps(session)) == is_told


def said_steps(session: Session) -> str:
    return " ".join(warning.next_step for warning in make_report((session,)).sessions[0].warnings)
