import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.errors import InputError
from profiler.measure.counting.callgrind import EVENTS, parse_dump, read_dump

DUMP = b"""# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 24624
cmd:  python p.py: totals: 1
part: 1


desc: I1 cache: 32768 B, 64 B, 2-way associative
desc: D1 cache: 32768 B, 64 B, 4-way associative
desc: LL cache: 524288 B, 64 B, 16-way associative

desc: Timerange: Basic block 0 - 271908
desc: Trigger: Client Request

positions: line
events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
summary: 3808618 11271392 59430 14975 672874 2673 13253 668231 1780


ob=(3) /usr/lib/x86_64-linux-gnu/libc.so.6
fl=(56) ./time/../sysdeps/unix/sysv/linux/clock_gettime.c
fn=(1108) clock_gettime@@GLIBC_2.17
38 82 82 0 11 40 0 11 20
+2 82
totals: 3809167 11271941 59430 15201 673051 2673 13426 668401 1780
"""


def test_a_dump_gives_totals_and_the_caches_it_simulated() -> None:
    found = parse_dump(DUMP, source="dump")
    assert found.totals["D1mr"] == 673051
    assert found.totals["DLmr"] == 668401
    assert {name: shape.text for name, shape in found.caches.items()} == {
        "I1": "32768,2,64",
        "D1": "32768,4,64",
        "LL": "524288,16,64",
    }


def test_costs_left_out_at_the_end_are_0_and_a_summary_will_do() -> None:
    text = b"events: " + " ".join(EVENTS).encode() + b"\nsummary: 5 4\n"
    assert list(parse_dump(text, source="dump").totals.values()) == [5, 4, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b" D1mr", b"", "counts no cache misses"),
        (b"events:", b"event", "counts no cache misses"),
        (b"Dr Dw", b"Dr Dr Dw", "counts no cache misses"),
        (b"totals: 3809167", b"totals: three", "damaged"),
        (b"668401 1780\n", b"668401 1780 1 1\n", "10 totals|11 totals"),
        (b"totals: 3809167", b"totals: -1", "damaged"),
    ],
)
def test_a_damaged_dump_is_refused_in_words(old: bytes, new: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parse_dump(DUMP.replace(old, new), source="dump")


@given(st.binary(max_size=400), st.integers(0, len(DUMP)), st.integers(0, len(DUMP)))
def test_no_damage_raises_anything_else(noise: bytes, start: int, end: int) -> None:
    for data in (noise, DUMP[:start], DUMP[:start] + noise + DUMP[end:]):
        with contextlib.suppress(InputError):
            found = parse_dump(data, source="dump")
            assert set(EVENTS) <= set(found.totals)
            assert all(count >= 0 for count in found.totals.values())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_dump(tmp_path / "callgrind.out.1")
    with pytest.raises(InputError, match="folder"):
        read_dump(tmp_path)
