"""The words by which a problem of measuring tells that another try may do better."""

NUMBA_DIED = "the process with numba"
NOT_MEASURED = "was not measured: its process"
FAILED = "failed:"


def tells_of_failure(problem: str) -> bool:
    """Whether a child died or a part of its work failed: another try may do better."""
    return any(words in problem for words in (NUMBA_DIED, NOT_MEASURED, FAILED))
