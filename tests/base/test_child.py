import pytest

from profiler.base.child import describe_death


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (-4, b"noise\n", "died of SIGILL (illegal instruction"),
        (-11, b"", "died of SIGSEGV"),
        (-99, b"bye", "died of signal 99"),
        (1, b"Traceback\nValueError: \x1b[2Jno", "ended with status 1: ValueError: ?[2Jno"),
        (3, b"cannot read /home/alice/x", "ended with status 3: cannot read .../x"),
        (3, b"", "ended with status 3: it said nothing"),
    ],
)
def test_a_death_is_told_in_words_without_paths(status: int, said: bytes, expected: str) -> None:
    assert describe_death(status, said).startswith(expected)
