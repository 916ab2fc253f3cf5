"""The table of claims in a report, read from a file that anybody may have sent."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.base.errors import InputError
from profiler.report.appendix import claims_json, claims_markdown, claims_terminal
from profiler.report.appendix_file import MAX_CLAIMS_BYTES, load_claims, parse_claims
from profiler.report.appendix_records import CLAIMS_SCHEMA, ClaimResult, ClaimTable, Figure, Outcome, Scale, Text
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from tests.report.test_hostile_sessions import STRANGE, places
from tests.sessions import make_case, make_session, write_session

SESSION = make_session({make_case(1): 1.0, make_case(8): 1.25})
HOSTILE = "<script>alert(1)</script> | a\n# b \x1b[31m \u202e"
WITH_CLAIMS = (Format.TERMINAL, Format.MARKDOWN, Format.HTML, Format.JSON)


def table(text: str = "the text says so") -> ClaimTable:
    result = ClaimResult(
        number=8,
        text=Text.BLOG,
        quote=text,
        done=f"done: {text}",
        outcome=Outcome.HOLDS,
        reason=f"because {text}",
        figures=(Figure(name=f"backward {text}", value=1.5, low=1.4, high=1.6), Figure(name="n", value=3, of=4)),
        failed=False,
        elapsed_s=2.0,
    )
    return ClaimTable(
        schema_version=CLAIMS_SCHEMA,
        tool_version="0.1.0",
        created_utc="2026-11-27T00:00:00Z",
        scale=Scale.SMALL,
        machine=f"A CPU {text}",
        cpus=2,
        load_average=0.1,
        software={"torch": "2.13.0"},
        results=(result,),
    )


@pytest.mark.parametrize("output_format", WITH_CLAIMS)
def test_a_report_holds_the_claims_it_is_given(output_format: Format) -> None:
    found = render(make_report((SESSION,), claims=table()), output_format)
    assert "the text says so" in found
    assert "1.5" in found
    assert "Of 1 claim 1 holds." in found or output_format is Format.JSON
    assert "the text says so" not in render(make_report((SESSION,)), output_format)


@pytest.mark.parametrize("output_format", WITH_CLAIMS)
def test_hostile_words_of_a_claim_are_shown_as_words(output_format: Format) -> None:
    found = render(make_report((SESSION,), claims=table(HOSTILE)), output_format)
    assert "\x1b" not in found
    if output_format is not Format.JSON:
        assert "\u202e" not in found
    if output_format is Format.HTML:
        assert "<script>alert" not in found
        assert "&lt;script&gt;alert" in found
    if output_format is Format.MARKDOWN:
        assert "\\<script\\>alert" in found
        assert "\n# b" not in found


def test_what_the_command_writes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    path.write_text(claims_json(table()))
    assert load_claims(path) == table()


def test_report_takes_the_file_and_refuses_what_has_no_place_for_it(cli: Any, refused: Any, tmp_path: Path) -> None:
    session, claims = tmp_path / "s.jsonl", tmp_path / "claims.json"
    write_session(session, SESSION)
    claims.write_text(claims_json(table()))
    shown = cli("report", session, "--claims", claims).out
    assert "What became of the two claims" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "no place for it" in refused("report", session, "--claims", claims, "--format", "csv")
    assert "no place for it" in refused("report", session, "--claims", claims, "--format", "svg")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no table of claims"),
        (b"{}", "no table of claims"),
        (b"\xff\xfe", "no table of claims"),
        (b"[" * 100_000, "no table of claims"),
        (b'{"schema_version": 99}', "this program reads up to 1"),
        (b" " * (MAX_CLAIMS_BYTES + 1), "longer than"),
    ],
)
def test_another_file_is_refused_in_a_line(refused: Any, tmp_path: Path, content: bytes, said: str) -> None:
    session, claims = tmp_path / "s.jsonl", tmp_path / "claims.json"
    write_session(session, SESSION)
    claims.write_bytes(content)
    assert said in refused("report", session, "--claims", claims)
    assert "cannot read" in refused("report", session, "--claims", tmp_path / "missing.json")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_strange_value_anywhere_is_refused_or_shown(data: st.DataObject) -> None:
    document = json.loads(claims_json(table()))
    container, key = data.draw(st.sampled_from(places(document)))
    container[key] = data.draw(STRANGE)
    try:
        found = parse_claims(json.dumps(document).encode(), source="x")
    except InputError:
        return
    assert max(map(len, claims_terminal(found).splitlines()), default=0) <= 80 or _has_long_word(found)
    assert claims_markdown(found)
    assert msgspec.json.decode(claims_json(found), type=ClaimTable) == found


def _has_long_word(found: ClaimTable) -> bool:
    return any(len(word) > 60 for word in claims_terminal(found).split())
