"""Tables of text, names in Markdown and in CSV."""

import pytest

from profiler.base.text import columns
from profiler.report.csv import _inert
from profiler.report.gfm import escape
from profiler.report.plain_text import aligned

FULL_WIDTH = [chr(ord(sign) + 0xFEE0) for sign in "=+-@"]  # as an editor for East Asia writes them


def test_a_long_first_cell_stands_above_the_others() -> None:
    table = [("layer", "batch", "verdict"), ("n" * 1000, "8", "equal"), ("64x64", "16", "costs")]
    head, name, own, usual = aligned(table, left=(0, 2))
    assert columns(name) == 80
    assert own == " " * 6 + "    8 equal"
    assert usual == "64x64    16 costs"
    assert head == "layer batch verdict"


def test_wide_letters_shift_nothing() -> None:
    _, wide, usual = aligned([("layer", "batch"), ("層層", "8"), ("64x64", "16")])
    assert columns(wide) == columns(usual)


@pytest.mark.parametrize("text", ["http://evil.example", "HTTPS://evil.example", "www.evil.example", "ftp://x"])
def test_no_address_becomes_a_link(text: str) -> None:
    assert escape(text) in {text.replace("://", "\\://"), text.replace("www.", "www\\.")} - {text}


@pytest.mark.parametrize("sign", [*"=+-@", *FULL_WIDTH])
def test_no_name_becomes_a_formula(sign: str) -> None:
    assert _inert(f"{sign}cmd()") == f"'{sign}cmd()"
