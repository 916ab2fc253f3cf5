import pytest

from profiler.measure.remote.measure import _problem
from profiler.measure.remote.messages import RunState, Standing


@pytest.mark.parametrize(
    ("standing", "words", "status"),
    [
        (Standing(state=RunState.ENDED, status=2, free_bytes=0), "the disk there is full", 2),
        (Standing(state=RunState.DIED, free_bytes=10**9), "was killed, or the board lost its power", 137),
        (Standing(state=RunState.ENDED, status=139, free_bytes=10**9), "SIGSEGV", 139),
        (Standing(state=RunState.ENDED, status=2, free_bytes=10**9, last_words="no \x1b[1mway"), "2: no ?[1mway", 2),
        (Standing(state=RunState.ENDED, status=1, free_bytes=10**9), "failed with status 1: it said nothing", 2),
        (Standing(state=RunState.NONE, free_bytes=10**9), "another call has fetched it", 2),
        (Standing(state=RunState.RUNNING, free_bytes=10**9), "goes on", 2),
    ],
)
def test_how_a_run_ended_is_said(standing: Standing, words: str, status: int) -> None:
    said, exit_status = _problem(standing)
    assert words in said
    assert exit_status == status
