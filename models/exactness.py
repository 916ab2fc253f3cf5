"""How far an output is from the float64 one, held against what its rounding errors allow."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class WorstError:
    """The element of an output that comes nearest to its tolerance, or lies farthest beyond it.

    Attributes:
        error: how far it is off.
        tolerance: how far it may be off.
        is_allowed: whether no element is off by more than its tolerance, and each is a number.
    """

    error: float
    tolerance: float
    is_allowed: bool

    @property
    def problem(self) -> str:
        """What is wrong with an output that is not allowed, in words that follow the name of who gave it."""
        return f"is off by {self.error:.3g} from the float64 answer, {self.tolerance:.3g} is allowed"


def shape_problem(found: np.ndarray, right: np.ndarray) -> str | None:
    """What is wrong with the shape of an output, in words that follow the name of who gave it; None if nothing is."""
    return None if found.shape == right.shape else f"gives an answer of shape {found.shape} instead of {right.shape}"


def worst_error(found: np.ndarray, right: np.ndarray, tolerance: np.ndarray) -> WorstError:
    """The largest error relative to its tolerance; all three arrays have the same shape."""
    error = np.abs(found - right)
    at = np.unravel_index(int(np.argmax(error / tolerance)), error.shape)
    return WorstError(float(error[at]), float(tolerance[at]), bool((error <= tolerance).all()))
