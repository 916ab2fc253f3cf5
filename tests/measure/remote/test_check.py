from typing import Any

import msgspec
import pytest

from profiler.base.errors import RemoteError
from profiler.measure.remote.check import BoardCheck, choose_python, describe, find_problem, list_cautions
from profiler.measure.remote.install import download_command
from profiler.measure.remote.messages import BoardFacts, PythonFound

PYTHON = PythonFound(path="/usr/bin/python3", version=(3, 11, 2), has_venv=True)
PI4 = BoardFacts(
    base="/home/pi/.cache/layout-profiler/remote",
    base_problem=None,
    bits=64,
    free_bytes=20_000_000_000,
    has_linux32=True,
    libc="glibc 2.36",
    machine="aarch64",
    memory_available_bytes=3_000_000_000,
    memory_total_bytes=4_000_000_000,
    pythons=(PYTHON,),
    running=None,
    system="Linux",
    tools=(),
    utc_s=1_700_000_000.0,
)


def checked(offset_s: float = 0.0, **changes: Any) -> BoardCheck:
    return BoardCheck(msgspec.structs.replace(PI4, **changes), offset_s, 0.05)


def test_a_good_board_is_told_in_a_line_and_nothing_stands_against_it() -> None:
    board = checked()
    assert find_problem(board, needed_bytes=400_000_000) is None
    assert list_cautions(board) == []
    assert describe(board, choose_python(board, "pi")) == (
        "aarch64, 64-bit, Python 3.11.2, glibc 2.36, memory 3.7 GiB, 18.6 GiB of disk free"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"system": "Darwin"}, "it runs Darwin; a board needs Linux"),
        ({"free_bytes": 100_000_000}, "its disk has 100 MB free, the program needs about 400 MB"),
        ({"base_problem": "/mnt/x cannot be written"}, "/mnt/x cannot be written; name another folder"),
    ],
)
def test_what_stands_against_it_is_named(changes: dict[str, Any], words: str) -> None:
    problem = find_problem(checked(**changes), needed_bytes=400_000_000)
    assert problem is not None
    assert words.rsplit("/", maxsplit=1)[-1] in problem


@pytest.mark.parametrize(
    ("offset_s", "words"),
    [(-3 * 86400.0, "its clock is 3 days behind this computer's"), (90.0, "its clock is 90 seconds ahead of")],
)
def test_a_wrong_clock_is_said(offset_s: float, words: str) -> None:
    (caution,) = list_cautions(checked(offset_s))
    assert words in caution
    assert "timedatectl" in caution


def test_a_clock_within_the_answers_own_delay_is_not_called_wrong() -> None:
    assert not BoardCheck(PI4, 8.0, 4.0).has_wrong_clock
    assert BoardCheck(PI4, 8.0, 1.0).has_wrong_clock


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"libc": "glibc 2.24"}, "glibc 2.24 is older than 2.28"),
        ({"libc": ""}, "its C library is not glibc"),
        ({"memory_available_bytes": 60_000_000}, "only 60 MB of memory"),
    ],
)
def test_what_to_mind_is_said(changes: dict[str, Any], words: str) -> None:
    (caution,) = list_cautions(checked(**changes))
    assert words in caution


@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ((), "found: none"),
        ((msgspec.structs.replace(PYTHON, version=(3, 9, 2)),), "found: 3.9.2"),
        ((msgspec.structs.replace(PYTHON, has_venv=False),), "sudo apt install python3-venv"),
    ],
)
def test_a_board_without_a_fit_python_says_what_to_install(pythons: tuple[PythonFound, ...], words: str) -> None:
    with pytest.raises(RemoteError, match=words):
        choose_python(checked(pythons=pythons), "pi")


def test_the_first_fit_python_is_taken() -> None:
    old, bare = (msgspec.structs.replace(PYTHON, version=(3, 9, 0)), msgspec.structs.replace(PYTHON, has_venv=False))
    assert choose_python(checked(pythons=(old, bare, PYTHON)), "pi") == PYTHON


def test_wheels_are_downloaded_for_the_board_and_not_for_this_computer() -> None:
    command = download_command(checked(), PYTHON)
    assert command.startswith("pip download -d wheelhouse --only-binary=:all: --python-version 3.11 --platform")
    assert "manylinux_2_34_aarch64" in command
    assert "onnxruntime>=" in command
    old = download_command(checked(libc="glibc 2.31", bits=32), PYTHON)
    assert "manylinux_2_31_armv7l" in old
    assert "manylinux_2_34" not in old
    assert "onnxruntime" not in old


@pytest.mark.parametrize(
    "change",
    [
        {"base": "relative"}, {"base": "/a\nb"}, {"machine": "x" * 101}, {"free_bytes": -1}, {"utc_s": 1e300},
        {"running": ["../../etc", "x"]}, {"tools": ["; reboot"]}, {"bits": "64"}, {"more": 1},
        {"pythons": [{"path": "python3", "version": [3, 11, 2], "has_venv": True}]},
    ],
)  # fmt: skip
def test_a_boards_word_is_not_taken_for_more_than_it_can_be(change: dict[str, object]) -> None:
    told = {**msgspec.to_builtins(PI4), **change}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(told), type=BoardFacts)
