import sys
from pathlib import Path

import pytest

from profiler.base.errors import MissingToolError
from profiler.measure.counting.ask import child_command, unknown_instruction
from profiler.measure.counting.tools import compile_requests, find_tools


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def tools_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_valgrind_or_a_compiler_it_says_what_to_install(tools_folder: Path) -> None:
    with pytest.raises(MissingToolError, match=r"needs valgrind, which is not installed; .*apt install valgrind"):
        find_tools()
    program(tools_folder, "valgrind", "echo valgrind-3.24.1.GIT")
    with pytest.raises(MissingToolError, match=r"needs a C compiler.*apt install valgrind gcc"):
        find_tools()
    program(tools_folder, "clang", "exit 0")
    found = find_tools()
    assert found.version == "3.24.1"
    assert found.fixed_addresses == ()  # no setarch there


def test_a_valgrind_that_does_not_start_is_told(tools_folder: Path) -> None:
    program(tools_folder, "valgrind", "exit 1")
    program(tools_folder, "cc", "exit 0")
    with pytest.raises(MissingToolError, match="--version fails"):
        find_tools()


def test_a_compiler_without_the_headers_says_so_in_a_line(tools_folder: Path, tmp_path: Path) -> None:
    program(tools_folder, "valgrind", "echo valgrind-3.19.0")
    program(tools_folder, "cc", "echo 'requests.c:2:10: fatal error: valgrind/callgrind.h: No such file' >&2; exit 1")
    with pytest.raises(MissingToolError, match=r"fatal error: valgrind/callgrind\.h") as caught:
        compile_requests(find_tools(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_setarch_that_may_not_is_left_out(tools_folder: Path) -> None:
    program(tools_folder, "valgrind", "echo valgrind-3.19.0")
    program(tools_folder, "cc", "exit 0")
    program(tools_folder, "setarch", "exit 1")
    assert find_tools().fixed_addresses == ()
    program(tools_folder, "setarch", "exit 0")
    assert find_tools().fixed_addresses == (str(tools_folder / "setarch"), "-R")


def test_an_instruction_that_valgrind_does_not_know_is_found_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert unknown_instruction(None) is unknown_instruction(log) is None
    log.write_bytes(b"==1== noise\n==1== Unrecognised instruction at \x1b[2J0x40.\n==1== x\n")
    assert unknown_instruction(log) == "==1== Unrecognised instruction at ?[2J0x40."
    log.write_bytes(b"==1== all is well\n")
    assert unknown_instruction(log) is None


def test_the_child_is_this_program() -> None:
    assert child_command()[0] == sys.executable
