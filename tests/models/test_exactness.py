import numpy as np

from profiler.models.exactness import shape_problem, worst_error

RIGHT, TOLERANCE = np.array([[1.0, 100.0]]), np.array([[0.1, 10.0]])


def test_the_worst_error_is_the_largest_one_relative_to_its_tolerance() -> None:
    worst = worst_error(np.array([[1.05, 101.0]]), RIGHT, TOLERANCE)
    assert (round(worst.error, 6), worst.tolerance, worst.is_allowed) == (0.05, 0.1, True)


def test_an_answer_beyond_its_tolerance_is_not_allowed() -> None:
    worst = worst_error(np.array([[1.2, 100.0]]), RIGHT, TOLERANCE)
    assert not worst.is_allowed
    assert worst.problem == "is off by 0.2 from the float64 answer, 0.1 is allowed"


def test_no_number_is_allowed_that_is_none() -> None:
    for value in (np.nan, np.inf, -np.inf):
        assert not worst_error(np.array([[1.0, value]]), RIGHT, TOLERANCE).is_allowed


def test_another_shape_is_told_with_both() -> None:
    assert shape_problem(RIGHT, RIGHT) is None
    assert shape_problem(RIGHT[0], RIGHT) == "gives an answer of shape (2,) instead of (1, 2)"
