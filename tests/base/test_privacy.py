"""No path of a user's gets into what is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.privacy import hide_paths
from profiler.machine.limits.problems import tells_of_failure


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (
            "cannot import name 'x' from 'numba' (/home/alice/venv/lib/numba/__init__.py)",
            "cannot import name 'x' from 'numba' (.../__init__.py)",
        ),
        ("/home/alice/a.so: undefined symbol: f", ".../a.so: undefined symbol: f"),
        ("no such file: '/srv/alice smith/a b.so'", "no such file: '.../a b.so'"),
        ("no such file: '/home/alice'", "no such file: '.../~'"),
        ("/me/Jane Doe/venv/x.py failed in /me/Jane Doe", ".../x.py failed in .../~"),
        ("gcc -L/opt/alice/lib -I/home/alice/include", "gcc -L.../lib -I.../include"),
        ("in file:///home/alice/x.py", "in file:.../x.py"),
        (r"cannot load C:\Users\alice\numba\x.dll", "cannot load .../x.dll"),
        (r"cannot load \\server\alice\x.dll", "cannot load .../x.dll"),
        ("3 MiB/s is and/or 1 / 2 of ./here", "3 MiB/s is and/or 1 / 2 of ./here"),
    ],
)
def test_of_an_absolute_path_the_last_part_is_left(text: str, hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/me/Jane Doe")
    assert hide_paths(text) == hidden
    assert hide_paths(hidden) == hidden


@given(st.text(alphabet="ab/\\.'\"() ~:C-", max_size=40))
def test_no_text_before_it_lets_a_home_folder_through(text: str) -> None:
    assert "/alice/" not in hide_paths(f"{text} /home/alice/x")


def test_without_a_home_paths_are_hidden_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for home in ("/", ""):
        monkeypatch.setenv("HOME", home)
        assert hide_paths("at /a/b") == "at .../b"


def test_what_failed_is_told_from_what_was_left_out() -> None:
    assert tells_of_failure("A72: the process with numba died of SIGILL: measured without it")
    assert tells_of_failure("A72 was not measured: its process did not end within 60 s")
    assert tells_of_failure("A72: measuring the peak rate failed: MemoryError: ")
    assert not tells_of_failure("A72 was not measured: none of its CPUs may be used")
    assert not tells_of_failure("numba left out: 300 MiB of memory are available, it needs 640")
