import pytest

from profiler.base.death import Death


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (-4, "noise\n", "died of SIGILL (illegal instruction"),
        (-11, "", "died of SIGSEGV"),
        (-99, "bye", "died of signal 99"),
        (1, "Traceback\nValueError: \x1b[2Jno", "ended with status 1: ValueError: ?[2Jno"),
        (3, "cannot read /home/alice/x", "ended with status 3: cannot read .../x"),
        (3, "", "ended with status 3: it said nothing"),
    ],
)
def test_a_death_is_told_in_words_without_paths(status: int, said: str, expected: str) -> None:
    assert str(Death(status, said)).startswith(expected)
