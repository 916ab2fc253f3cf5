"""The page as text: what it holds, how large its parts are, and that nothing of a session gets out of its place."""

import base64
import gzip
import html
import importlib.util
import json
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from profiler.base.errors import MissingPackageError
from profiler.machine.records import HardwareInfo
from profiler.report.charts.chart import chart_spec
from profiler.report.document import make_report
from profiler.report.html import missing_packages, render_html
from profiler.report.machine_picture import PICTURE_COLOURS, WIDTH, machine_boxes, machine_svg, machine_words
from profiler.report.page.data import page_data, script_safe
from profiler.report.page.downloads import MOST_BYTES, downloads_of
from profiler.report.page.library import javascript
from profiler.report.page.tables import NEXT_STEPS
from profiler.report.pictures import PictureFormat, drawable, render_picture
from profiler.session.records import Failure, Session, Stage
from scripts import write_vega
from tests.conftest import Cli
from tests.machine.trees import NAMES as BOARDS
from tests.machine.trees import board
from tests.sessions import make_case, make_session, write_session

CASES = {make_case(1): 1.0, make_case(8): 1.25, make_case(1, "onnxruntime"): 0.8}
SESSION = make_session(CASES, passes=8)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&\u202e{{7*7}}\u2028" + "W" * 10_000
RAW = b'{"kind":"header"}\n'
Refused = Callable[..., str]


def page(*sessions: Session, raw: tuple[bytes, ...] = (RAW,)) -> str:
    return render_html(make_report(sessions or (SESSION,)), raw=raw)


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'(?s)<script type="application/json" id="page-data">(.*?)</script>', text)
    assert found is not None
    decoded: dict[str, Any] = json.loads(found[1])
    return decoded


def without_scripts(text: str) -> str:
    return re.sub(r"(?s)<script[^>]*>.*?</script>|<style>.*?</style>", "", text)


def hostile_session(text: str = HOSTILE) -> Session:
    """The text wherever a session file may have any."""

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [replaced(inner) for inner in value]
        return (
            value
            if not isinstance(value, str) or value in {"data", "instruction", "unified", "read bandwidth", "float32"}
            else text
        )

    hardware = msgspec.convert(replaced(json.loads(msgspec.json.encode(SESSION.header.hardware))), HardwareInfo)
    cases = tuple(msgspec.structs.replace(case, runtime=text) for case in SESSION.header.cases[:1])
    blocks = tuple(
        msgspec.structs.replace(block, case=cases[0].id)
        for block in SESSION.blocks
        if block.case == SESSION.header.cases[0].id
    )
    failure = Failure(
        runtime=text, case=text, stage=Stage.CHECK, pass_index=None, signal=None, exit_status=None, message=text
    )
    header = msgspec.structs.replace(
        SESSION.header, cases=cases, hardware=hardware, suite=text, left_out=(text,), tool_version=text
    )
    return msgspec.structs.replace(SESSION, header=header, blocks=blocks, failures=(failure,))


def test_the_same_session_gives_the_same_bytes() -> None:
    assert page() == page()


def test_hostile_text_is_text_everywhere() -> None:
    text = page(hostile_session())
    outside = without_scripts(text)
    assert "<img" not in outside
    assert "alert(1)" in html.unescape(outside)
    assert "{{7*7}}" in html.unescape(outside)
    assert text.count("<script") == 3 + javascript().count("<script")
    assert not any(unicodedata.category(character) == "Cf" for character in outside)
    assert data_of(text)["columns"]["runtime"]["names"][0].startswith("</script>")


def test_hostile_names_are_short_on_axes_and_whole_in_the_tables() -> None:
    text = page(hostile_session())
    names = data_of(text)["columns"]["runtime"]["names"]
    assert all(len(name) <= 48 for name in names)
    assert "W" * 10_000 in without_scripts(text)


def test_nothing_in_the_data_ends_its_element() -> None:
    safe = script_safe(json.dumps({"a": HOSTILE}, ensure_ascii=False))
    assert not set("<>&\u2028\u2029") & set(safe)
    assert json.loads(safe)["a"] == HOSTILE


def test_only_the_two_scripts_of_the_page_may_run() -> None:
    text = page()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in policy
    assert "connect-src" not in policy
    assert len(re.findall("'sha256-[^']{44}'", policy)) == 2


def test_the_library_ends_no_script_element() -> None:
    assert "</script" not in javascript().lower()


@pytest.mark.parametrize(
    "session",
    [
        msgspec.structs.replace(SESSION, blocks=(), end=None),
        make_session({make_case(1): 1.0}, passes=8),
        make_session({make_case(1): 1.0}, passes=1),
        msgspec.structs.replace(SESSION, header=msgspec.structs.replace(SESSION.header, cases=()), blocks=()),
    ],
    ids=["nothing measured", "one case", "one pass", "no case"],
)
def test_small_sessions_give_sensible_pages(session: Session) -> None:
    text = page(session)
    assert 'class="answer"' in text
    measured = any(row.passes for row in make_report((session,)).sessions[0].rows)
    if not measured:
        assert "There is nothing to draw" in text
        assert "<figure" not in text


def test_an_unknown_machine_is_said_to_be_so() -> None:
    def emptied(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: None if key in {"value", "raw"} else emptied(inner) for key, inner in value.items()}
        return [] if isinstance(value, list) else value

    document = {**emptied(json.loads(msgspec.json.encode(SESSION.header.hardware))), "measured": None}
    hardware = msgspec.convert(document, HardwareInfo)
    header = msgspec.structs.replace(SESSION.header, hardware=hardware)
    text = page(msgspec.structs.replace(SESSION, header=header))
    assert "caches: unknown" in text
    assert "this unknown machine" in text


def test_filters_are_shown_where_there_is_a_choice() -> None:
    assert [entry.key for entry in page_data(make_report((SESSION,))).filters] == ["runtime", "batch", "verdict"]
    assert page_data(make_report((make_session({make_case(1): 1.0}, passes=8),))).filters == []
    assert page_data(make_report((SESSION, SESSION))).filters[0].key == "board"


def test_every_chart_has_words_for_those_who_do_not_see_it() -> None:
    text = page()
    figures = re.findall(r'(?s)<figure data-chart="(\w+)">(.*?)</figure>', text)
    assert [name for name, _ in figures] == ["map", "cache", "forest", "time"]
    for _, figure in figures:
        assert re.search(r'role="img" aria-label="[^"]{40,}"', figure)
        assert re.search(r"<figcaption>.{20,}</figcaption>", figure)
        assert 'class="numbers"' in figure


def test_several_boards_have_their_own_parts_and_one_table() -> None:
    text = page(SESSION, SESSION, raw=(RAW, RAW))
    assert text.count('class="answer-box"') == 2
    assert text.count('id="hardware-') == 2
    assert text.count('class="sortable cases"') == 1
    assert text.count("<tr data-case=") == 6
    assert 'download="session-2.jsonl.gz"' in text


def test_a_failure_says_what_to_do() -> None:
    failure = Failure(
        runtime="numpy", case=None, stage=Stage.START, pass_index=None, signal=4, exit_status=None, message="SIGILL"
    )
    assert NEXT_STEPS[Stage.START] in page(msgspec.structs.replace(SESSION, failures=(failure,)))
    assert set(NEXT_STEPS) == set(Stage)


# ---------------------------------------------------------------- data to save


def saved(name: str, text: str) -> bytes:
    link = re.search(rf'href="data:[^;]*;base64,([^"]*)" download="{re.escape(name)}"', text)
    assert link is not None
    return base64.b64decode(link[1])


def test_what_is_saved_is_the_data() -> None:
    text = page()
    assert saved("report.csv", text).decode().startswith("machine,created_utc,")
    assert len(json.loads(saved("report.json", text))["sessions"][0]["rows"]) == 3
    assert gzip.decompress(saved("session.jsonl.gz", text)) == RAW
    assert saved("session.jsonl.gz", text)[4:8] == bytes(4)  # no time in it: the same bytes tomorrow


def test_a_session_too_large_for_a_page_is_left_out_in_words() -> None:
    import random

    noise = random.Random(1).randbytes(MOST_BYTES + 1000)
    (*_, entry) = downloads_of(make_report((SESSION,)), (noise,))
    assert entry.href == ""
    assert entry.note.startswith("too large for this page: ")
    text = page(raw=(noise,))
    assert "too large for this page" in text
    assert len(text) < 2_000_000


def test_the_parts_of_a_page_are_small() -> None:
    """The library is most of a small page; a case adds about a kilobyte."""
    one, three = page(make_session({make_case(1): 1.0}, passes=8)), page()
    assert 0 < len(three) - len(one) < 40_000
    assert len(one) < len(javascript()) + 250_000


# ---------------------------------------------------------------- the drawing of the hardware


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_is_drawn_within_its_frame(name: str) -> None:
    hardware = board(name)
    boxes, columns = machine_boxes(hardware)
    assert boxes
    for box in boxes:
        assert 0 <= box.column < box.column + box.columns <= columns
    svg = machine_svg(hardware, colours=PICTURE_COLOURS, title=name)
    for x, width in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg):
        assert float(x) + float(width) <= WIDTH
    assert machine_words(hardware).endswith(".")


def test_a_pi_4_has_a_box_over_all_four_cpus() -> None:
    boxes, columns = machine_boxes(board("pi4-64bit"))
    assert columns == 4
    assert [(box.column, box.columns) for box in boxes if box.text == "L2 1 MiB"] == [(0, 4)]
    assert [box.column for box in boxes if box.text == "L1 data 32 KiB"] == [0, 1, 2, 3]


# ---------------------------------------------------------------- pictures, and packages that are missing


@pytest.mark.slow
@pytest.mark.parametrize("name", drawable(make_report((SESSION,))))
def test_a_picture_has_text_as_text_and_is_the_same_each_time(name: str) -> None:
    report = make_report((SESSION,))
    svg = render_picture(report, name, PictureFormat.SVG)
    assert svg.startswith(b"<svg")
    assert b"<text" in svg
    assert svg == render_picture(report, name, PictureFormat.SVG)


@pytest.mark.slow
def test_png_pictures_are_png() -> None:
    assert render_picture(make_report((SESSION,)), "hardware", PictureFormat.PNG).startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_not_offered() -> None:
    empty = make_report((msgspec.structs.replace(SESSION, blocks=(), end=None),))
    assert drawable(empty) == ["hardware"]
    assert drawable(make_report((SESSION,))) == ["map", "cache", "forest", "time", "hardware"]


@pytest.fixture
def session_file(tmp_path: Path) -> Path:
    return write_session(tmp_path / "session.jsonl", SESSION)


@pytest.mark.slow
def test_pictures_go_into_a_folder_or_a_file(cli: Cli, session_file: Path, tmp_path: Path) -> None:
    assert cli("report", session_file, "--format", "svg", "-o", tmp_path / "pictures").status == 0
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "map.svg", "cache.svg", "forest.svg", "time.svg", "hardware.svg",
    }  # fmt: skip
    assert cli("report", session_file, "--format", "png", "--chart", "hardware", "-o", tmp_path / "h.png").status == 0
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")
    assert cli("report", session_file, "--format", "svg", "--chart", "hardware").out.startswith("<svg")


def test_pictures_that_cannot_be_are_refused(
    refused: Refused, session_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--chart chooses a picture" in refused("report", session_file, "--chart", "map")
    assert "need a folder" in refused("report", session_file, "--format", "svg")
    assert "name a folder" in refused("report", session_file, "--format", "svg", "-o", tmp_path / "x.svg")
    assert "nothing that it shows" in refused("report", session_file, "--format", "svg", "--chart", "cost")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "no text for a terminal" in refused("report", session_file, "--format", "png", "--chart", "map")


def test_without_the_packages_there_is_one_line_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, session_file: Path
) -> None:
    assert missing_packages() is None
    monkeypatch.setitem(sys.modules, "altair", None)
    chart_spec.cache_clear()
    line = refused("report", session_file, "--format", "html")
    assert 'altair, which is not installed: pip install "layout-profiler[report]"' in line
    with pytest.raises(MissingPackageError):
        render_html(make_report((SESSION,)))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jinja2" else 1)
    assert "jinja2" in str(missing_packages())


def test_a_page_needs_no_vl_convert_and_pictures_say_that_they_do(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, session_file: Path
) -> None:
    """32-bit boards have none."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert "vegaEmbed" in page()
    line = refused("report", session_file, "--format", "svg", "--chart", "map")
    assert 'vl-convert-python, which is not installed: pip install "layout-profiler[report]"' in line


def test_the_library_in_the_package_is_what_vl_convert_bundles_for_altair() -> None:
    """After either has changed in constraints.txt: scripts/write_vega.py."""
    assert javascript() == write_vega.bundle()


def test_boards_stand_side_by_side_case_by_case() -> None:
    faster, slower = (make_session({make_case(): factor}, passes=8) for factor in (1.25, 0.8))
    text = page(faster, slower)
    assert "The sign flips between boards in 1 of 1 case" in html.unescape(text)
    assert '<td class="left together sign-flips">sign flips</td>' in text
    assert "Boards side by side" not in page()
