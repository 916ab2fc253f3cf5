import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.errors import OptionError
from profiler.machine.capture import capture_hardware
from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.machine.sources.boardtable import table
from profiler.measure.counting.boards import choose_board
from profiler.measure.counting.evidence import CacheShape, Geometry
from profiler.measure.counting.geometry import board_geometry, machine_geometry, shape_problem


def machine(*caches: CacheInfo) -> HardwareInfo:
    return msgspec.structs.replace(capture_hardware(), caches=caches)


def cache(level: int, kind: str, size: int, ways: int | None, line: int | None = 64) -> CacheInfo:
    return CacheInfo(
        level=level,
        type=kind,  # type: ignore[arg-type]
        size_bytes=size,
        line_size_bytes=line,
        ways_of_associativity=ways,
        number_of_sets=None,
        shared_cpus=(),
        instances=None,
        source="test",
    )


@pytest.mark.parametrize(
    ("name", "data", "last", "last_name"),
    [
        ("rpi-3", "32768,4,64", "524288,16,64", "L2"),
        ("pi4", "32768,2,64", "1048576,16,64", "L2"),
        ("Raspberry Pi 5", "65536,4,64", "2097152,16,64", "L3"),
        ("rpi-zero", "16384,4,32", "131072,8,32", "L2"),
        ("rk3588/cortex-a55", "32768,4,64", "3145728,12,64", "L3"),
        ("odroid-c2", "32768,4,64", "524288,16,64", "L2"),
    ],
)
def test_a_board_has_the_caches_of_the_table(name: str, data: str, last: str, last_name: str) -> None:
    found = board_geometry(*choose_board(name))
    assert found.last is not None
    assert (found.data.text, found.last.text, found.last_name) == (data, last, last_name)


def test_what_nobody_tells_is_assumed_and_said() -> None:
    zero = board_geometry(*choose_board("rpi-zero"))
    assert any("8 ways assumed" in note for note in zero.notes)
    assert any("graphics processor" in note for note in zero.notes)
    atom = board_geometry(*choose_board("intel-j4125"))
    assert atom.data.text == "24576,6,64"
    assert not board_geometry(*choose_board("rpi-4")).notes


def test_a_chip_with_one_level_has_no_last_one() -> None:
    assert board_geometry(*choose_board("milkv-duo")).last is None


def test_the_level_between_and_the_other_cores_are_said_to_be_left_out() -> None:
    notes = " ".join(board_geometry(*choose_board("rk3588")).notes)
    assert "the L2 between L1 and L3 is left out" in notes
    assert "Cortex-A76 only" in notes


@pytest.mark.parametrize("row", table().board, ids=lambda row: row.id)
def test_every_board_of_the_table_can_be_simulated_or_says_why_not(row: object) -> None:
    board = next(found for found in table().board if found is row)
    assert choose_board(board.id)[0] is board
    for cluster in board.cluster:
        said = ""
        try:
            found: Geometry | None = board_geometry(board, cluster)
        except OptionError as error:
            said = str(error)
            found = None
        if found is None:
            assert board.id in said
            continue
        assert all(
            shape_problem(shape) is None for shape in (found.instruction, found.data, found.last) if shape is not None
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("rpi-9", "rpi-"), ("toaster", "rpi-zero"), ("rk3588/m0", "rk3588/cortex-a55"), ("", "rpi-zero")],
)
def test_an_unknown_board_is_refused_with_a_suggestion(text: str, expected: str) -> None:
    with pytest.raises(OptionError, match=expected):
        choose_board(text)


@pytest.mark.parametrize(
    ("size", "ways", "line", "expected"),
    [
        (503316480, 16, 64, "491520 sets, which is no power of two"),
        (32768, 4, 48, "no power of two from 16 up"),
        (32768, 4, 8, "no power of two from 16 up"),
        (0, 4, 64, "above 0"),
        (1 << 32, 16, 64, "larger than"),
        (64, 4, 64, "0.25 sets"),
    ],
)
def test_a_cache_that_valgrind_cannot_simulate_is_told(size: int, ways: int, line: int, expected: str) -> None:
    assert expected in (shape_problem(CacheShape(size_bytes=size, ways=ways, line_bytes=line)) or "")


@given(st.integers(-10, 1 << 40), st.integers(-10, 1 << 10), st.integers(-10, 1 << 10))
def test_no_shape_is_too_odd_to_judge(size: int, ways: int, line: int) -> None:
    shape = CacheShape(size_bytes=size, ways=ways, line_bytes=line)
    if shape_problem(shape) is None:
        sets = size // (ways * line)
        assert sets * ways * line == size
        assert sets.bit_count() == 1


def test_this_machine_is_taken_from_its_report() -> None:
    found = machine_geometry(
        machine(
            cache(1, "data", 49152, 12),
            cache(1, "instruction", 32768, 8),
            cache(2, "unified", 1 << 20, 16),
            cache(3, "unified", 32 << 20, 16),
        )
    )
    assert found.last is not None
    assert (found.data.text, found.last.text, found.last_name) == ("49152,12,64", "33554432,16,64", "L3")
    assert "left out" in found.notes[0]


@pytest.mark.parametrize(
    ("caches", "expected"),
    [
        ((), "unknown; name a board instead: --as BOARD"),
        ((cache(1, "data", 32768, 8), cache(3, "unified", 503316480, 16)), "L3 cache of this machine: .*--as BOARD"),
    ],
)
def test_a_machine_that_cannot_be_simulated_says_what_to_give(caches: tuple[CacheInfo, ...], expected: str) -> None:
    with pytest.raises(OptionError, match=expected):
        machine_geometry(machine(*caches))
