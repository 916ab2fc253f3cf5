import csv
import io
import json
import math
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from profiler.artifacts.records import Form
from profiler.base.text import plain
from profiler.judge.answer import answer_for
from profiler.judge.comparison import rule_of
from profiler.judge.records import Estimate, Row, Verdict
from profiler.judge.rows import compare_session
from profiler.judge.verdicts import DEFAULT_MARGIN, Rule
from profiler.judge.warnings import warnings_for
from profiler.machine.records import Fact
from profiler.models.layout import WeightLayout
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.report.values import format_bytes, format_ratio, format_time
from profiler.session.records import (
    ArmCost,
    ConditionsRecord,
    Control,
    Cost,
    Disturbance,
    End,
    EndReason,
    Failure,
    Header,
    Session,
    Stage,
)
from tests.rows import make_row
from tests.sessions import make_case, make_session

EQUAL, PAYS, COSTS = make_case(1), make_case(8), make_case(1, "onnxruntime")
SESSION = make_session({EQUAL: 1.0, PAYS: 1.25, COSTS: 0.8})
GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {Format.TERMINAL: "txt", Format.MARKDOWN: "md", Format.HTML: "html", Format.JSON: "json", Format.CSV: "csv"}


def text(
    session: Session,
    output_format: Format,
    margin: float | None = DEFAULT_MARGIN,
    confidence_level: float | None = None,
) -> str:
    return render(make_report((session,), margin=margin, confidence_level=confidence_level), output_format)


def warned(session: Session, rule: Rule | None = None) -> str:
    found = warnings_for(session, compare_session(session), rule or rule_of(session.header.options))
    return " ".join(f"{warning.text}: {warning.next_step}" for warning in found)


@pytest.mark.parametrize("output_format", Format)
def test_a_fixed_session_gives_the_golden_report(output_format: Format, request: pytest.FixtureRequest) -> None:
    """After a change that is meant: scripts/test tests/report --update-golden."""
    path = GOLDEN / f"report.{ENDINGS[output_format]}"
    found = text(SESSION, output_format)
    if output_format is Format.HTML:  # scripts and styles have tests of their own, in a browser
        found = re.sub(r"(?s)(<(script|style)[^>]*>).*?(?=</\2>)", r"\1", found)
        found = re.sub(r"sha256-[^']*", "sha256", re.sub('base64,[^"]*', "base64,", found))
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


def test_the_page_needs_no_network() -> None:
    """Outside its scripts nothing is fetched and nothing is run; they are tested in a browser."""
    page = re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1", text(SESSION, Format.HTML))
    assert "default-src 'none'" in page
    assert "unsafe-eval" not in page
    assert not re.search(r"(?i)\bon\w+=\"|https?://(?!www\.w3\.org)|@import|url\(|\bsrc=", page)
    assert {link.split(":")[0].split("#")[0] for link in re.findall(r'href="([^"]*)"', page)} == {"data", ""}


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br", "input"}:
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
    report = make_report((SESSION, SESSION))
    assert render(report, Format.TERMINAL).count("It depends") == 2
    assert render(report, Format.HTML).count('class="answer-box"') == 2
    assert len(render(report, Format.CSV).splitlines()) == 1 + 2 * 3


@pytest.mark.parametrize("output_format", Format)
def test_a_session_without_any_block_is_still_a_report(output_format: Format) -> None:
    empty = msgspec.structs.replace(SESSION, blocks=(), end=None)
    assert text(empty, output_format)


def test_the_margin_decides_what_counts() -> None:
    case = make_case()
    session = make_session({case: 1.06})
    assert "**Yes" in text(session, Format.MARKDOWN, margin=0.03)
    assert "no difference of 10 % or more in 1 of 1" in text(session, Format.MARKDOWN, margin=0.10)


def judged(*verdicts: Verdict) -> list[Row]:
    ratios = {Verdict.PAYS_OFF: 1.5, Verdict.COSTS: 0.5}
    return [make_row(ratios.get(verdict, 1), verdict, batch=index) for index, verdict in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ([Verdict.PAYS_OFF] * 2, "Yes: ... pays off in 2 of 2 cases (at most 1.50x as fast: numpy, 64x64, batch 0)."),
        ([Verdict.COSTS], "No: ... costs time in 1 of 1 cases (at worst 2.00x as slow: numpy, 64x64, batch 0)."),
        ([Verdict.EQUAL], "No: ... makes no difference of 3 % or more in 1 of 1 cases."),
        (
            [Verdict.PAYS_OFF, Verdict.UNDECIDED],
            "Sometimes: ... pays off in 1 of 2 cases (at most 1.50x as fast: numpy, 64x64, batch 0); 1 is undecided.",
        ),
        (
            [Verdict.EQUAL, Verdict.UNDECIDED],
            "Not seen: ... makes no difference of 3 % or more in 1 of 2 cases; 1 is undecided.",
        ),
        (
            [Verdict.UNDECIDED] * 3,
            "Undecided: on X none of the 3 cases could be decided; run more passes.",
        ),
        ([], "No case was measured on X; the failures and warnings below say why."),
    ],
)
def test_the_headline_answers_in_plain_words(verdicts: list[Verdict], headline: str) -> None:
    answer = answer_for(judged(*verdicts), machine="X", rule=Rule(), is_control=False)
    assert answer.headline == headline.replace("...", "on X storing the weights transposed")


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_control_run_never_answers_the_question() -> None:
    case = make_case(control=Control.IDENTICAL)
    found = text(make_session({case: 1.0}), Format.TERMINAL)
    assert found.startswith("Control run on Raspberry Pi 4")
    assert re.search(r"Of 1 identical pairs 1 were called equal, 0 .*undecided and 0 .*different", one_line(found))


def test_an_idiomatic_extreme_is_named_as_such() -> None:
    case = msgspec.structs.replace(make_case(), form=Form.IDIOMATIC)
    assert "numpy (idiomatic), 64x64" in " ".join(text(make_session({case: 1.4}), Format.TERMINAL).split())


def moments(*changes: dict[str, object]) -> tuple[ConditionsRecord, ...]:
    base = SESSION.header.hardware.conditions
    return tuple(
        ConditionsRecord(pass_index=at, conditions=msgspec.structs.replace(base, at_s=float(at), **change))
        for at, change in enumerate(changes)
    )


def test_what_weakens_a_session_is_said_with_a_next_step() -> None:
    session = msgspec.structs.replace(
        SESSION,
        conditions=moments(
            {"canary_s": 1e-5, "swap_used_bytes": 0, "throttled": 0},
            {"canary_s": 1.2e-5, "swap_used_bytes": 4096, "throttled": 0x5},
        ),
        end=End(reason=EndReason.INTERRUPTED, utc="x", elapsed_s=1),
    )
    for word in ("interrupted", "20%", "ondemand", "under-voltage, throttled", "swapped", "--resume", "performance"):
        assert word in warned(session)


def test_a_quiet_whole_session_gives_no_warning() -> None:
    quiet = {"governors": {"policy0": "performance"}, "throttled": 0, "canary_s": 1e-5, "wall_s": 0.0}
    assert warned(msgspec.structs.replace(SESSION, conditions=moments(quiet, {**quiet, "wall_s": 1.0}))) == ""


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"governors": {"policy0": "powersave"}}, "the frequency governor was changed during the run"),
        ({"suspended_s": 600.0, "wall_s": 601.0}, "the machine slept during the run"),
        ({"wall_s": 4000.0}, "the clock was set during the run"),
        ({"wall_s": -4000.0}, "the clock was set during the run"),
    ],
)
def test_what_happened_to_the_machine_during_the_run_is_said(after: dict[str, object], words: str) -> None:
    quiet = {"governors": {"policy0": "performance"}, "throttled": 0, "wall_s": 0.0, "suspended_s": 0.0}
    session = msgspec.structs.replace(SESSION, conditions=moments(quiet, {**quiet, "wall_s": 1.0, **after}))
    assert words in warned(session)
    first, second = session.conditions
    resumed = msgspec.structs.replace(session, conditions=(first, msgspec.structs.replace(second, invocation=1)))
    if "governor" not in words:
        assert words not in warned(resumed)  # a resumed run's clocks begin anew


def test_a_clock_before_this_program_was_written_is_said() -> None:
    header = msgspec.structs.replace(SESSION.header, created_utc="1970-01-01T00:00:07Z")
    assert "the clock said 1970" in warned(msgspec.structs.replace(SESSION, header=header))


def disturbed(*passes: int) -> Session:
    blocks = [
        msgspec.structs.replace(block, disturbed_by=(Disturbance.FOREIGN_LOAD,) if block.pass_index in passes else ())
        for block in SESSION.blocks
    ]
    return msgspec.structs.replace(SESSION, blocks=tuple(blocks))


def test_disturbed_blocks_are_counted_and_it_is_said_whether_they_count() -> None:
    assert "6 of 30 blocks were disturbed (foreign load 6) and do not count" in warned(disturbed(0, 1))
    assert "24 of 30 blocks were disturbed (foreign load 24); 24 of them count all the same" in warned(
        disturbed(*range(8))
    )


def test_a_report_by_another_margin_says_that_the_run_used_its_own() -> None:
    """The run stopped measuring by its own: at another one more cases are left undecided."""
    words = (
        "the run stopped measuring a case by a margin of 3 % at 95 %, this report judges by 5 % at 99 %: "
        "for narrower intervals run with that margin"
    )
    assert words in warned(SESSION, Rule(margin=0.05, confidence_level=0.99, looks=(10,)))
    assert "the run stopped measuring" not in warned(SESSION)
    found = one_line(text(SESSION, Format.TERMINAL, margin=0.05, confidence_level=0.99))
    assert "by a margin of 3 % at 95 %, this report judges by 5 % at 99 %" in found


def test_a_report_says_how_many_cases_were_tested_and_how_sure_it_is() -> None:
    found = one_line(text(SESSION, Format.TERMINAL))
    assert "3 cases were tested, each looked at once." in found
    assert "is at most 5 %" in found
    assert "is at most 1 %" in one_line(text(SESSION, Format.TERMINAL, confidence_level=0.99))


def costed(ratio: float, memory: dict[str, int] | None = None) -> Session:
    """Loading [in, out] takes `ratio` times as long."""
    costs = tuple(
        Cost(case=case.id, pass_index=at, arms={
            layout: ArmCost(
                load_s=(0.004 + 1e-5 * at) * (ratio if layout is WeightLayout.IN_OUT else 1), first_call_s=0.001,
                **(memory or {}),
            )
            for layout in WeightLayout
        })
        for case in SESSION.header.cases for at in range(8)
    )  # fmt: skip
    return msgspec.structs.replace(SESSION, costs=costs)


@pytest.mark.parametrize("output_format", [Format.TERMINAL, Format.MARKDOWN, Format.HTML])
def test_what_the_layouts_cost_beside_speed_is_said(output_format: Format) -> None:
    slower = one_line(plain_text(text(costed(2.0), output_format)))
    assert "loads slower in 2 of 2 cases (at worst 2.00x as long" in slower
    alike = one_line(plain_text(text(costed(1.0), output_format)))
    assert "both layouts load alike (within 10 %) in 2 of 2" in alike
    assert "loads slower" not in one_line(plain_text(text(SESSION, output_format)))


def plain_text(report: str) -> str:
    return re.sub(r"\\(?=[^\w\s])", "", re.sub(r"<[^>]*>", "", report))


def test_a_csv_has_a_row_per_case_so_that_counting_verdicts_gives_the_reports_counts() -> None:
    summary = make_report((SESSION,)).sessions[0]
    lines = list(csv.DictReader(io.StringIO(text(SESSION, Format.CSV))))
    assert Counter(line["verdict"] for line in lines) == Counter(row.verdict.value for row in summary.rows)
    for line, row in zip(lines, summary.rows, strict=True):
        assert row.speedup is not None
        found = [float(line[name]) for name in ("speedup_low", "speedup", "speedup_high")]
        assert found == [row.speedup.low, row.speedup.point, row.speedup.high]
        times = [float(line[f"time_{layout}_s"]) for layout in WeightLayout]
        assert times == [row.arms[layout].time_s for layout in WeightLayout]
        assert times[1] / times[0] == pytest.approx(row.speedup.point)


def test_json_and_csv_hold_the_costs_unrounded() -> None:
    memory = {"resident_before_bytes": 1000, "resident_loaded_bytes": 5000, "peak_bytes": 7000}
    session = costed(2.0, memory)
    (row, *_) = json.loads(text(session, Format.JSON))["sessions"][0]["rows"]
    assert row["cost"]["load_ratio"]["point"] == pytest.approx(2.0)
    assert row["cost"]["load_verdict"] == "pays off"
    assert row["cost"]["load_rise_bytes"]["out_in"]["point"] == 4000
    assert row["cost"]["peak_bytes"]["in_out"]["point"] == 7000
    (line, *_) = csv.DictReader(io.StringIO(text(session, Format.CSV)))
    assert float(line["load_in_out_s"]) == pytest.approx(2 * float(line["load_out_in_s"]))
    assert float(line["load_rise_out_in_bytes"]) == 4000


def test_a_case_bound_by_overhead_is_shown_with_what_is_left() -> None:
    """The identity model takes 90 % of the faster layout's call: 20 % more of all is three times the rest."""
    case = make_case()
    session = make_session({case: 1.2})
    blocks = tuple(
        msgspec.structs.replace(
            block, sets=tuple(msgspec.structs.replace(s, identity_ns=(9_000_000,) * 11) for s in block.sets)
        )
        for block in session.blocks
    )
    bound = msgspec.structs.replace(session, blocks=blocks)
    (row,) = make_report((bound,)).sessions[0].rows
    assert row.overhead is not None
    assert row.overhead.is_bound
    assert row.overhead.share == pytest.approx(0.9, rel=0.01)
    assert row.overhead.speedup is not None
    assert row.overhead.speedup.point == pytest.approx(3, rel=0.05)
    assert "90 % of a call is the runtime's own" in one_line(text(bound, Format.TERMINAL))
    assert "of a call is the runtime's own" not in one_line(text(session, Format.TERMINAL))


def test_an_undecided_case_says_what_would_decide_it() -> None:
    (row,) = make_report((make_session({make_case(): 1.02}, noise=0.02, passes=8),)).sessions[0].rows
    assert row.verdict is Verdict.UNDECIDED
    assert row.more_passes is not None
    assert row.decidable_margin is not None
    assert f"about {row.more_passes} more passes would decide it" in one_line(
        text(make_session({make_case(): 1.02}, noise=0.02, passes=8), Format.TERMINAL)
    )


@pytest.mark.parametrize("output_format", [Format.MARKDOWN, Format.HTML])
def test_the_timeline_shows_each_pass_with_what_disturbed_it(output_format: Format) -> None:
    session = msgspec.structs.replace(
        disturbed(1), conditions=moments({"canary_s": 1e-5}, {"canary_s": 1.1e-5, "load_1min": 3.25})
    )
    found = one_line(plain_text(text(session, output_format)))
    for words in ("pass 1", "pass 2", "10.0 us", "11.0 us", "foreign load 3 (of 3 blocks)"):
        assert words in found


def test_values_read_well() -> None:
    assert [format_time(t) for t in (None, 2e-9, 2.5e-6, 1.234e-4, 0.5, 12.3)] == [
        "-", "2.00 ns", "2.50 us", "123 us", "500 ms", "12.3 s",
    ]  # fmt: skip
    assert [format_bytes(b) for b in (None, 196, 65536, 5_120_000)] == ["unknown", "196 B", "64 KiB", "4.88 MiB"]
    assert format_ratio(Estimate(point=1.234, low=1.1, high=math.inf, confidence_level=0.95)) == "1.23 [1.10, inf]"
    assert plain("a\x1b[0m\u202eb\nc") == "a\ufffd[0m\ufffdb c"
