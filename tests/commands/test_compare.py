"""`compare` as a user or a build meets it: exit statuses, formats and refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from profiler.machine.records import Fact
from profiler.session.records import Session
from tests.conftest import Cli
from tests.report.test_changes import ONE, ORT, SAME, edited, measured
from tests.sessions import write_session

SESSIONS = {
    "old": measured(SAME, seed=1),
    "again": measured(SAME, seed=2),
    "slower": measured(SAME, seed=2, slower=1.1),
    "faster": measured(SAME, seed=2, slower=0.9),
    "flipped": measured({ONE: 1.25, **{case: 1.25 for case in SAME if case is not ONE}}, seed=2),
    "foreign": measured({ORT: 1.0}, seed=2),
}


def write(folder: Path, session: Session, name: str) -> Path:
    return write_session(folder / f"{name}.jsonl", session)


@pytest.fixture
def sessions(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: write(tmp_path, SESSIONS[name], name)


@pytest.mark.parametrize(
    ("new", "statuses"),
    [
        ("old", (0, 0, 0)),
        ("again", (0, 0, 0)),
        ("slower", (1, 1, 0)),
        ("faster", (0, 1, 0)),
        ("flipped", (1, 1, 1)),
    ],
)
def test_the_exit_status_says_what_was_asked_for(
    cli: Cli, sessions: Callable[[str], Path], new: str, statuses: tuple[int, int, int]
) -> None:
    paths = sessions("old"), sessions(new)
    for fail_on, status in zip(("regression", "change", "verdict"), statuses, strict=True):
        outcome = cli("compare", *paths, "--fail-on", fail_on)
        assert outcome.status == status, (fail_on, outcome)
        assert outcome.out.startswith("NEW is ")
        assert outcome.err == ""
    assert cli("compare", *paths).status == 0


def test_the_same_file_twice_is_unchanged(cli: Cli, sessions: Callable[[str], Path]) -> None:
    out = " ".join(cli("compare", sessions("old"), sessions("old")).out.split())
    assert "slower in none of 4 times, faster in none, unchanged within 3 % in 4" in out


def test_every_format_is_printed_and_written(cli: Cli, sessions: Callable[[str], Path], tmp_path: Path) -> None:
    paths = sessions("old"), sessions("slower")
    for name, start in (("terminal", "NEW is slower in 4 of 4"), ("markdown", "# What changed"), ("json", "{")):
        printed = cli("compare", *paths, "--format", name).out
        assert printed.startswith(start)
        assert cli("compare", *paths, "--format", name, "-o", tmp_path / name).out == ""
        assert (tmp_path / name).read_text() == printed
    document = json.loads(cli("compare", *paths, "--format", "json", "--margin", "20%", "--confidence", "0.9").out)
    assert (document["margin"], document["confidence_level"]) == (0.2, 0.9)
    assert {change["movement"] for case in document["cases"] for change in case["layouts"].values()} == {"unchanged"}


def test_another_machine_is_cautioned_against_and_never_fails_a_build(
    cli: Cli, refused: Callable[..., str], sessions: Callable[[str], Path], tmp_path: Path
) -> None:
    slower = SESSIONS["slower"]
    hardware = msgspec.structs.replace(slower.header.hardware, cpu_name=Fact(value="Another", source="x"))
    paths = sessions("old"), write(tmp_path, edited(slower, hardware=hardware), "other")
    outcome = cli("compare", *paths)
    assert outcome.status == 0
    assert "! NEW was measured on another machine" in outcome.out
    line = refused("compare", *paths, "--fail-on", "regression")
    assert "Another instead of" in line
    assert "leave --fail-on out" in line


def test_bad_input_is_refused_with_what_to_do(
    refused: Callable[..., str], sessions: Callable[[str], Path], tmp_path: Path
) -> None:
    old = sessions("old")
    assert "share no case" in refused("compare", old, sessions("foreign"))
    assert "No such file" in refused("compare", old, tmp_path / "missing.jsonl")
    assert "NEW" in refused("compare", old)
    assert "no margin" in refused("compare", old, old, "--margin", "0")
    assert "sometimes" in refused("compare", old, old, "--fail-on", "sometimes")
    assert "exists" in refused("compare", old, old, "-o", old)
