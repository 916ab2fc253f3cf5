"""What a command takes its standard output for."""

import io

import pytest

from profiler.commands.screen import can_draw, screen_of
from profiler.report.screen import Screen

LOCALE = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "PYTHONUTF8", "NO_COLOR", "COLUMNS")


class Output(io.TextIOWrapper):
    def __init__(self, encoding: str, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_has_colours_and_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert screen_of(Output("utf-8", is_terminal=True)) == Screen(color=True, unicode=True, width=72)


@pytest.mark.parametrize(("columns", "width"), [("20", 40), ("40", 40), ("99", 99), ("300", 100)])
def test_the_width_stays_within_reason(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert screen_of(Output("utf-8", is_terminal=True)).width == width


def test_a_file_has_80_columns_and_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert screen_of(Output("utf-8", is_terminal=False)) == Screen(color=False, unicode=True, width=80)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_can_speak_against_colours(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert not screen_of(Output("utf-8", is_terminal=True)).color


@pytest.mark.parametrize(
    ("encoding", "variables", "expected"),
    [
        ("utf-8", {}, True),
        ("utf-8", {"LANG": "en_GB.UTF-8"}, True),
        ("utf-8", {"LANG": "C.UTF-8"}, True),
        ("utf-8", {"LC_ALL": "C"}, False),
        ("utf-8", {"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "", "LANG": "C"}, False),
        ("utf-8", {"LC_ALL": "en_GB.UTF-8", "LANG": "C"}, True),
        ("utf-8", {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, True),
        ("ascii", {}, False),
        ("latin-1", {"LANG": "de_DE.ISO-8859-1"}, False),
        (None, {}, True),
        ("no-such-encoding", {}, False),
    ],
)
def test_unicode_needs_an_encoding_and_a_locale_that_have_it(
    monkeypatch: pytest.MonkeyPatch, encoding: str | None, variables: dict[str, str], expected: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert can_draw(encoding) is expected


def test_a_closed_output_is_no_terminal() -> None:
    assert screen_of(None) == Screen()
