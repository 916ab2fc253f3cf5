"""The table: every claim has its row, whatever befalls another, and formats show the same."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.errors import MemoryNeedError, MissingPackageError, OptionError
from profiler.claims.claim import Claim
from profiler.claims.examine import examine_all
from profiler.claims.forum import SETUPS, needed_bytes, refuse_small_memory
from profiler.claims.lab import InterruptedByUserError
from profiler.claims.registry import CLAIMS, choose_claims
from profiler.report.appendix import claims_json, claims_markdown, claims_terminal, format_figure
from profiler.report.appendix_records import CLAIMS_SCHEMA, ClaimTable, Figure, Finding, Outcome, Scale, Text, Unit
from tests.claims.made_up import FakeLab

FINDING = Finding(
    done="measured | twice",
    outcome=Outcome.HOLDS,
    reason="it is so",
    figures=(
        Figure(name="speedup", value=1.5, low=1.4, high=1.6),
        Figure(name="right", value=3, of=4, unit=Unit.COUNT),
        Figure(name="added", value=-2e-9, unit=Unit.SECONDS),
        Figure(name="kept", value=4096, unit=Unit.BYTES),
        Figure(name="loss", value=0.12345, unit=Unit.NUMBER),
    ),
)


def claim(number: int, examine: Callable[[Any], Finding]) -> Claim:
    return Claim(number=number, text=Text.BLOG, quote='it is "free"', done="looked", examine=examine)


def raising(error: BaseException) -> Callable[[Any], Finding]:
    def examine(_lab: object) -> Finding:
        raise error

    return examine


def table(*claims: Claim) -> ClaimTable:
    found = examine_all(claims, FakeLab(), stage=lambda _: None, clock=lambda: 0.0)
    return ClaimTable(
        schema_version=CLAIMS_SCHEMA,
        tool_version="0.1.0",
        created_utc="2026-11-25T00:00:00Z",
        scale=Scale.SMALL,
        machine="A CPU",
        cpus=2,
        load_average=8.0,
        software={"torch": "2.13.0"},
        results=found.results,
    )


@pytest.mark.parametrize(
    ("error", "failed", "reason"),
    [
        (MemoryNeedError("needs about 4.0 GiB"), False, "needs about 4.0 GiB"),
        (MissingPackageError("numba", extra="kernels", needed_for="the runtime x"), False, "pip install"),
        (RuntimeError("broke\nin two"), True, "it failed: broke in two"),
        (ZeroDivisionError(), True, "it failed: ZeroDivisionError"),
    ],
)
def test_a_claim_that_breaks_is_its_own_row_and_the_others_go_on(error: Exception, failed: bool, reason: str) -> None:
    stages: list[str] = []
    claims = [claim(1, lambda _: FINDING), claim(2, raising(error)), claim(3, lambda _: FINDING)]
    found = examine_all(claims, FakeLab(), stage=stages.append)
    assert [result.outcome for result in found.results] == [Outcome.HOLDS, Outcome.NOT_MEASURABLE, Outcome.HOLDS]
    assert found.results[1].failed is failed
    assert reason in found.results[1].reason
    assert found.results[1].done == "looked"
    assert found.stopped_by is None
    assert len(stages) == 6


@pytest.mark.parametrize(("error", "signal"), [(KeyboardInterrupt(), 2), (InterruptedByUserError(15), 15)])
def test_an_interrupt_keeps_what_is_done(error: BaseException, signal: int) -> None:
    claims = [claim(1, lambda _: FINDING), claim(2, raising(error)), claim(3, lambda _: FINDING)]
    found = examine_all(claims, FakeLab(), stage=lambda _: None)
    assert [result.number for result in found.results] == [1]
    assert found.stopped_by == signal


def test_all_formats_show_every_row_figure_and_reason() -> None:
    made = table(claim(1, lambda _: FINDING), claim(2, raising(RuntimeError("broke"))))
    terminal, markdown = claims_terminal(made), claims_markdown(made)
    for text in (terminal, markdown.replace("\\", "")):
        assert "Of 2 claims 1 holds, 1 cannot be measured here." in text
        assert "speedup: 1.500 [1.400, 1.600]" in text
        assert "right: 3 of 4" in text
        assert "added: -2.00 ns" in text
        assert "kept: 4 KiB" in text
        assert "it failed: broke" in text
        assert "busy: a load of 8.0 on 2 CPUs" in " ".join(text.split())
    assert max(map(len, terminal.splitlines())) <= 80
    rows = [line for line in markdown.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == 2
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    assert msgspec.json.decode(claims_json(made), type=ClaimTable) == made
    assert json.loads(claims_json(made))["results"][0]["figures"][0]["low"] == 1.4


_NUMBER = st.floats(-1e12, 1e12)
_FIGURES = st.builds(
    Figure,
    name=st.text(),
    value=_NUMBER,
    low=_NUMBER | st.none(),
    high=_NUMBER | st.none(),
    unit=st.sampled_from(Unit),
    of=st.integers(0, 9) | st.none(),
)


@given(_FIGURES)
def test_any_figure_is_one_harmless_line(figure: Figure) -> None:
    text = format_figure(figure)
    assert text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text or not figure.name.isprintable()
    assert "\n" not in text
    assert "\x1b" not in text


def test_there_are_eleven_claims_with_short_quotes() -> None:
    assert [one.number for one in CLAIMS] == list(range(1, 12))
    assert all(0 < len(one.quote) < 170 for one in CLAIMS)
    assert [one.text for one in CLAIMS] == [Text.FORUM] * 6 + [Text.BLOG] * 5


def test_claims_are_chosen_by_number_in_the_order_of_the_table() -> None:
    assert choose_claims(()) == CLAIMS
    assert [one.number for one in choose_claims((7, 2, 7))] == [2, 7]
    with pytest.raises(OptionError, match="there is no claim 12; they are numbered 1 to 11"):
        choose_claims((12,))


def test_too_little_memory_is_said_with_what_is_needed() -> None:
    full = SETUPS[Scale.FULL]
    assert 4 * 10_000 * 10_000 * 2 < full.script_bytes < needed_bytes(full)
    refuse_small_memory(full, available_bytes=needed_bytes(full))
    with pytest.raises(
        MemoryNeedError, match=r"10000x10000 need about 4\.0 GiB .* 1\.0 GiB are available; use --scale"
    ):
        refuse_small_memory(full, available_bytes=1 << 30)


def test_the_command_refuses_what_it_cannot_do_before_it_measures(refused: Any, tmp_path: Path) -> None:
    assert "there is no claim 99" in refused("claims", "--claim", 99)
    taken = tmp_path / "table.md"
    taken.write_text("mine")
    assert "exists already" in refused("claims", "--claim", 11, "-o", taken)
    assert taken.read_text() == "mine"


def test_the_help_says_what_it_does_and_imports_no_engine(cli: Any) -> None:
    outcome = cli("claims", "--help")
    assert outcome.status == 0
    assert "--scale" in outcome.out
