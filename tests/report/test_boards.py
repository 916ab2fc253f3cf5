"""Boards side by side: which verdicts agree, flip or cannot be compared, and what is never matched."""

import json
import re

import msgspec
import pytest

from profiler.artifacts.records import Form
from profiler.judge.boards import Agreement, SideBySide, agreement_of, board_names, boards_answer
from profiler.judge.records import Estimate, Verdict
from profiler.machine.records import Fact
from profiler.models.layout import LinearShape
from profiler.models.workload import Activation, Workload
from profiler.report.boards_tables import MARKS_LEGEND
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.schemas import format_schema
from profiler.session.records import Control, Header, Session, Weights
from tests.sessions import WORKLOAD, make_case, make_session

ONE, EIGHT, ORT = make_case(1), make_case(8), make_case(1, "onnxruntime")
PAYS, COSTS, EQUAL, UNDECIDED = Verdict.PAYS_OFF, Verdict.COSTS, Verdict.EQUAL, Verdict.UNDECIDED
HOSTILE = "<script>|`*\x1b[31m\u202e" + "x" * 200


def on(session: Session, board: str) -> Session:
    hardware = session.header.hardware
    named = msgspec.structs.replace(
        hardware, board=msgspec.structs.replace(hardware.board, model=Fact(value=board, source="x"))
    )
    return edited(session, hardware=named)


def edited(session: Session, **change: object) -> Session:
    header: Header = msgspec.structs.replace(session.header, **change)
    return msgspec.structs.replace(session, header=header)


FIRST = make_session({ONE: 1.0, EIGHT: 1.25, ORT: 0.8})
SECOND = on(make_session({ONE: 1.0, EIGHT: 0.8}, seed=2), "Orange Pi 5")
THIRD = on(make_session({ONE: 1.2, EIGHT: 1.25, ORT: 0.8}, seed=3), "Pine H64")


@pytest.mark.parametrize(
    ("verdicts", "agreement"),
    [
        ((PAYS, PAYS), Agreement.AGREE),
        ((EQUAL, EQUAL, EQUAL), Agreement.AGREE),
        ((PAYS, COSTS), Agreement.FLIPS),
        ((PAYS, EQUAL, COSTS), Agreement.FLIPS),
        ((PAYS, UNDECIDED, COSTS), Agreement.FLIPS),
        ((PAYS, EQUAL), Agreement.DIFFERS),
        ((COSTS, EQUAL, UNDECIDED), Agreement.DIFFERS),
        ((PAYS, UNDECIDED), Agreement.UNDECIDED),
        ((PAYS, PAYS, UNDECIDED), Agreement.UNDECIDED),
        ((UNDECIDED, UNDECIDED), Agreement.UNDECIDED),
        ((PAYS, None), Agreement.ONE_BOARD),
        ((PAYS, None, PAYS), Agreement.AGREE),
    ],
)
def test_an_undecided_verdict_neither_agrees_nor_differs(
    verdicts: tuple[Verdict | None, ...], agreement: Agreement
) -> None:
    assert agreement_of(verdicts) is agreement
    assert agreement_of(verdicts[::-1]) is agreement


def test_each_case_has_what_every_session_says_of_it() -> None:
    report = make_report((FIRST, SECOND, THIRD))
    found = {case.label: case for case in report.side_by_side}
    assert report.boards == ("Raspberry Pi 4 Model B Rev 1.4", "Orange Pi 5", "Pine H64")
    assert found["numpy, 64x64, batch 8"].verdicts == (PAYS, COSTS, PAYS)
    assert found["numpy, 64x64, batch 8"].agreement is Agreement.FLIPS
    assert found["numpy, 64x64, batch 1"].verdicts == (EQUAL, EQUAL, PAYS)
    assert found["onnxruntime, 64x64, batch 1"].verdicts == (COSTS, None, COSTS)
    ids = found["onnxruntime, 64x64, batch 1"].case_ids
    assert ids[1] is None
    assert all(row.case.id in ids for row in report.sessions[0].rows if row.case.runtime == "onnxruntime")
    speedup = found["numpy, 64x64, batch 8"].speedups[1]
    assert speedup is not None
    assert speedup.point == pytest.approx(0.8, rel=0.01)
    assert report.boards_answer == (
        "The sign flips between boards in 1 of 3 cases that several sessions have (numpy, 64x64, batch 8); the "
        "verdicts differ otherwise in 1; they agree in 1."
    )


def test_one_session_has_nothing_beside_it() -> None:
    report = make_report((FIRST,))
    assert (report.boards, report.boards_answer, report.side_by_side) == ((), "", ())
    assert "Boards" not in render(report, Format.MARKDOWN)


def test_boards_of_one_name_are_numbered() -> None:
    assert board_names(["a", "b", "a"]) == ("a (1)", "b", "a (2)")


def test_layers_that_only_share_a_name_are_not_matched() -> None:
    wider = Workload(name=WORKLOAD.name, layers=(LinearShape(in_features=64, out_features=128),))
    louder = msgspec.structs.replace(WORKLOAD, output=Activation.RELU)
    for other in (wider, louder):
        report = make_report((FIRST, edited(SECOND, workloads=(other,))))
        assert {case.agreement for case in report.side_by_side} == {Agreement.ONE_BOARD}
        assert len(report.side_by_side) == len(FIRST.header.cases) + len(SECOND.header.cases)
        assert "share no case" in report.boards_answer
        assert "names other layers there" in report.boards_cautions[0].text


def test_a_control_with_another_slowdown_is_another_question() -> None:
    case = make_case(control=Control.SLOWER)
    sessions = [
        edited(session, options=msgspec.structs.replace(session.header.options, slowdown_percent=percent))
        for percent, session in ((5, make_session({case: 1.05})), (9, make_session({case: 1.09})))
    ]
    assert [one.agreement for one in make_report(tuple(sessions)).side_by_side] == [Agreement.ONE_BOARD] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tool_version": "9.9"}, "layout-profiler 9.9 instead of 0.1.0"),
        ({"manifest_sha256": "1" * 64}, "another bundle: the layers have the same sizes, but the files"),
        ({"manifest_sha256": "1" * 64, "suite": "mine"}, "of the suite mine instead of made-up"),
        ({"options": msgspec.structs.replace(SECOND.header.options, rounds=5)}, "other options (rounds)"),
    ],
)
def test_what_forbids_to_compare_numbers_is_said_beside_the_table(change: dict[str, object], words: str) -> None:
    report = make_report((FIRST, edited(SECOND, **change)))
    (caution,) = report.boards_cautions
    assert words in caution.text
    assert caution.text.startswith("Orange Pi 5, beside Raspberry Pi 4")
    before_the_sessions = render(report, Format.TERMINAL).partition("It depends")[0]
    assert words in " ".join(before_the_sessions.split())
    assert make_report((FIRST, SECOND)).boards_cautions == ()


@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_tables_fit_80_columns_and_name_each_board(count: int) -> None:
    page = render(make_report((FIRST, SECOND, THIRD, *[FIRST] * 4)[:count]), Format.TERMINAL)
    assert max(map(len, page.splitlines())) <= 80
    assert (MARKS_LEGEND[:20] in " ".join(page.split())) is (count > 3)
    assert f"[{count}]" in page
    assert "SIGN FLIPS" in page


def test_hostile_names_stay_text() -> None:
    report = make_report((on(edited(FIRST, created_utc=HOSTILE), HOSTILE), on(SECOND, HOSTILE)))
    for output_format in (Format.TERMINAL, Format.MARKDOWN):
        page = render(report, output_format)
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert not re.search(r"(?<!\\)<", render(report, Format.MARKDOWN))


def test_json_holds_all_of_it_as_published() -> None:
    import jsonschema

    document = json.loads(render(make_report((FIRST, SECOND)), Format.JSON))
    jsonschema.validate(document, json.loads(format_schema("report")))
    assert document["side_by_side"][1]["verdicts"] == ["pays off", "costs"]
    assert document["side_by_side"][2]["speedups"][1] is None


def with_agreement(agreement: Agreement, number: int) -> SideBySide:
    return SideBySide(
        label=f"case {number}", runtime="numpy", form=Form.CONTROLLED, title="64x64", batch="1", dtype="float32",
        threads=1, weights=Weights.WARM, control=Control.NONE, verdicts=(PAYS, COSTS),
        case_ids=(None, None), agreement=agreement,
        speedups=(Estimate(point=1.0, low=1.0, high=1.0, confidence_level=0.95), None),
    )  # fmt: skip


def test_the_sentence_counts_and_never_names_too_many() -> None:
    flips = [with_agreement(Agreement.FLIPS, number) for number in range(7)]
    assert boards_answer(
        [*flips, with_agreement(Agreement.UNDECIDED, 7), with_agreement(Agreement.ONE_BOARD, 8)], "ab"
    ) == (
        "The sign flips between boards in 7 of 8 cases that several sessions have (case 0; case 1; case 2; case 3; "
        "case 4 and 2 more); they agree in 0; 1 cannot be compared, since a board is undecided. 1 more is in one "
        "session only."
    )
    assert boards_answer([with_agreement(Agreement.AGREE, 0)], "ab") == (
        "The sign flips between boards in none of 1 case that several sessions have; they agree in 1."
    )
