import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.text import columns, shorten

FIRST, SECOND = (f"/model/layers.{at}/self_attn/attention/projections/q_proj/MatMul 64x64" for at in (10, 11))


@given(st.text(), st.integers(0, 30))
def test_a_shortened_line_is_never_wider_than_its_room(text: str, width: int) -> None:
    assert columns(shorten(text, width)) <= width


@given(st.text(max_size=20))
def test_a_line_that_has_room_is_left_alone(text: str) -> None:
    assert shorten(text, 40) == text


def test_both_ends_of_a_name_are_kept() -> None:
    assert shorten(FIRST, 41) == "/model/layers.10/sel…/q_proj/MatMul 64x64"
    assert shorten(FIRST, 41) != shorten(SECOND, 41)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\N{COMBINING ACUTE ACCENT}", 1), ("", 0)])
def test_columns_are_those_of_a_screen(text: str, width: int) -> None:
    assert columns(text) == width
