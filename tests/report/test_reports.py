import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from profiler.analyze.comparison import DEFAULT_MARGIN
from profiler.records import (
    Control,
    End,
    EndReason,
    Estimate,
    Fact,
    Failure,
    Form,
    Header,
    Session,
    Stage,
    Verdict,
)
from profiler.report.answer import answer_for
from profiler.report.cells import format_bytes, format_ratio, format_time, plain
from profiler.report.render import Format, render
from profiler.report.summary import make_report
from profiler.report.warnings import warnings_for
from tests.sessions import make_case, make_session

EQUAL, PAYS, COSTS = make_case(1), make_case(8), make_case(1, "onnxruntime")
SESSION = make_session({EQUAL: 1.0, PAYS: 1.25, COSTS: 0.8})
GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {Format.TERMINAL: "txt", Format.MARKDOWN: "md", Format.HTML: "html", Format.JSON: "json", Format.CSV: "csv"}


def text(session: Session, output_format: Format, margin: float = DEFAULT_MARGIN) -> str:
    return render(make_report((session,), margin=margin), output_format)


@pytest.mark.parametrize("output_format", Format)
def test_a_fixed_session_gives_the_golden_report(output_format: Format, request: pytest.FixtureRequest) -> None:
    """After a change that is meant: scripts/test tests/report --update-golden."""
    path = GOLDEN / f"report.{ENDINGS[output_format]}"
    found = text(SESSION, output_format)
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert found == path.read_text()


@pytest.mark.parametrize("output_format", [Format.TERMINAL, Format.MARKDOWN, Format.HTML, Format.JSON])
def test_every_format_says_the_answer_and_each_verdict(output_format: Format) -> None:
    found = text(SESSION, output_format)
    assert "It depends" in found
    for word in ("pays off", "costs", "equal", "Raspberry Pi 4 Model B"):
        assert word in found


def test_the_terminal_report_fits_80_columns() -> None:
    assert max(map(len, text(SESSION, Format.TERMINAL).splitlines())) <= 80


def test_the_page_needs_no_network_and_runs_no_script() -> None:
    page = text(SESSION, Format.HTML)
    assert "default-src 'none'" in page
    assert not re.search(r"(?i)<script|\bon\w+=|https?://(?!www\.w3\.org)|@import|url\(", page)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HOSTILE = "<script>alert(1)</script>'\"&|`*\x1b[31m\u202e" + "x" * 10_000


def hostile_session() -> Session:
    hardware = msgspec.structs.replace(
        SESSION.header.hardware,
        cpu_name=Fact(value=HOSTILE, source=HOSTILE),
        board=msgspec.structs.replace(SESSION.header.hardware.board, model=Fact(value=HOSTILE, source=HOSTILE)),
        software={HOSTILE: HOSTILE},
    )
    header: Header = msgspec.structs.replace(
        SESSION.header, suite=HOSTILE, created_utc=HOSTILE, tool_version=HOSTILE, hardware=hardware, left_out=(HOSTILE,)
    )
    failure = Failure(
        runtime=HOSTILE, case=HOSTILE, stage=Stage.CHECK, pass_index=None, signal=None, exit_status=None,
        message=HOSTILE, stderr_tail=HOSTILE,
    )  # fmt: skip
    return msgspec.structs.replace(SESSION, header=header, failures=(failure,))


@pytest.mark.parametrize("output_format", Format)
def test_hostile_text_stays_text(output_format: Format) -> None:
    found = text(hostile_session(), output_format)
    if output_format is Format.HTML:
        assert set(Tags(found).tags) == set(Tags(text(SESSION, Format.HTML)).tags) | {"span"}
        assert "&lt;script&gt;" in found
    if output_format is Format.MARKDOWN:
        assert "<script>" not in found
        assert not re.search(r"(?<!\\)<", found)
        for line in found.splitlines():
            if line.startswith("| ") and "alert" in line:
                assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4)
    if output_format in (Format.TERMINAL, Format.MARKDOWN, Format.HTML):
        assert "\x1b" not in found
        assert "\u202e" not in found


def test_html_is_well_formed() -> None:
    assert Tags(text(SESSION, Format.HTML)).open == []


def test_no_cell_of_a_csv_is_a_formula() -> None:
    board = msgspec.structs.replace(SESSION.header.hardware.board, model=Fact(value="=cmd|' /C calc'!A0", source="x"))
    hardware = msgspec.structs.replace(SESSION.header.hardware, board=board)
    session = msgspec.structs.replace(SESSION, header=msgspec.structs.replace(SESSION.header, hardware=hardware))
    assert not re.search(r"(?m)(^|,)[=+@-]", text(session, Format.CSV).replace(",-0.", ","))


def test_json_keeps_what_was_measured_unrounded() -> None:
    found = json.loads(text(SESSION, Format.JSON))
    (row,) = [row for row in found["sessions"][0]["rows"] if row["case"]["batch_shape"] == [8]]
    assert row["verdict"] == "pays off"
    ratio = row["arms"]["in_out"]["time_s"] / row["arms"]["out_in"]["time_s"]
    assert ratio == pytest.approx(row["speedup"]["point"], rel=1e-9)
    assert row["weight_bytes"] == 64 * 64 * 4
    assert row["fits_in"] == "L1"


def test_a_report_takes_several_sessions() -> None:
    report = make_report((SESSION, SESSION), margin=0.03)
    assert render(report, Format.TERMINAL).count("It depends") == 2
    assert render(report, Format.HTML).count("<main>") == 2
    assert len(render(report, Format.CSV).splitlines()) == 1 + 2 * 6


@pytest.mark.parametrize("output_format", Format)
def test_a_session_without_any_block_is_still_a_report(output_format: Format) -> None:
    empty = msgspec.structs.replace(SESSION, blocks=(), end=None)
    assert text(empty, output_format)


def test_the_margin_decides_what_counts() -> None:
    case = make_case()
    session = make_session({case: 1.06})
    assert "**Yes" in text(session, Format.MARKDOWN, margin=0.03)
    assert "no difference of 10 % or more in 1 of 1" in text(session, Format.MARKDOWN, margin=0.10)


def judged(*verdicts: Verdict) -> list[tuple[str, str, Verdict, Estimate | None]]:
    ratios = {Verdict.PAYS_OFF: 1.5, Verdict.COSTS: 0.5}
    return [
        (
            f"case {index}",
            "numpy",
            verdict,
            Estimate(point=ratios.get(verdict, 1), low=1, high=1, confidence_level=0.95),
        )
        for index, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ([Verdict.PAYS_OFF] * 2, "Yes: ... pays off in 2 of 2 cases (at most 1.50x as fast: case 0)."),
        ([Verdict.COSTS], "No: ... costs time in 1 of 1 cases (at worst 2.00x as slow: case 0)."),
        ([Verdict.EQUAL], "No: ... makes no difference of 3 % or more in 1 of 1 cases."),
        (
            [Verdict.PAYS_OFF, Verdict.UNDECIDED],
            "Sometimes: ... pays off in 1 of 2 cases (at most 1.50x as fast: case 0); 1 is undecided.",
        ),
        (
            [Verdict.EQUAL, Verdict.UNDECIDED],
            "Not seen: ... makes no difference of 3 % or more in 1 of 2 cases; 1 is undecided.",
        ),
        (
            [Verdict.UNDECIDED] * 3,
            "Undecided: on X none of the 3 cases could be told apart from noise; run more passes.",
        ),
        ([], "No case was measured on X; the failures and warnings below say why."),
    ],
)
def test_the_headline_answers_in_plain_words(verdicts: list[Verdict], headline: str) -> None:
    answer = answer_for(judged(*verdicts), machine="X", margin=0.03, confidence_level=0.95, is_control=False)
    assert answer.headline == headline.replace("...", "on X storing the weights transposed")


def test_a_control_run_never_answers_the_question() -> None:
    case = make_case(control=Control.IDENTICAL)
    found = text(make_session({case: 1.0}), Format.TERMINAL)
    assert found.startswith("Control run on Raspberry Pi 4")
    assert "0 false" in " ".join(found.split())


def test_an_idiomatic_extreme_is_named_as_such() -> None:
    case = msgspec.structs.replace(make_case(), form=Form.IDIOMATIC)
    assert "numpy (idiomatic), 64x64" in " ".join(text(make_session({case: 1.4}), Format.TERMINAL).split())


def test_what_weakens_a_session_is_said_with_a_next_step() -> None:
    base = SESSION.header.hardware.conditions
    moments = tuple(
        msgspec.structs.replace(base, canary_s=canary, swap_used_bytes=swap, throttled=throttled)
        for canary, swap, throttled in ((1e-5, 0, 0), (1.2e-5, 4096, 0x5))
    )
    from profiler.records import ConditionsRecord

    session = msgspec.structs.replace(
        SESSION,
        conditions=tuple(ConditionsRecord(pass_index=i, conditions=moment) for i, moment in enumerate(moments)),
        end=End(reason=EndReason.INTERRUPTED, utc="x", elapsed_s=1),
    )
    said = " ".join(f"{warning.text}: {warning.next_step}" for warning in warnings_for(session))
    for word in ("interrupted", "20%", "ondemand", "under-voltage, throttled", "swapped", "--resume", "performance"):
        assert word in said


def test_values_read_well() -> None:
    assert [format_time(t) for t in (None, 2e-9, 2.5e-6, 1.234e-4, 0.5, 12.3)] == [
        "-", "2.00 ns", "2.50 us", "123 us", "500 ms", "12.3 s",
    ]  # fmt: skip
    assert [format_bytes(b) for b in (None, 196, 65536, 5_120_000)] == ["unknown", "196 B", "64 KiB", "4.88 MiB"]
    assert format_ratio(Estimate(point=1.234, low=1.1, high=math.inf, confidence_level=0.95)) == "1.23 [1.10, inf]"
    assert plain("a\x1b[0m\u202eb\nc") == "a\ufffd[0m\ufffdb c"
