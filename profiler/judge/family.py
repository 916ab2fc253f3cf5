"""Families of hypotheses that share one error: Holm's procedure (1979), for every question that is asked of many cases.

The chance of any false rejection in a family stays below its error, whatever its hypotheses have in common. Each begins
with an equal share of the error; each one rejected leaves its share to the others, which are then tested anew.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TypeVar

PROCEDURE = "Holm's procedure"

Key = TypeVar("Key", bound=Hashable)


def reject(hypotheses: Collection[Key], is_rejected: Callable[[Key, int], bool], *, sharing: int) -> dict[Key, int]:
    """The hypotheses that are rejected, each with how many shared the error when it was.

    Args:
        hypotheses: those that can be tested.
        is_rejected: whether one is rejected by a test that spends the error divided by the number given. What is
            rejected at some number is so at every smaller one.
        sharing: how many share the error: with those that cannot be tested, less those rejected before.
    """
    found: dict[Key, int] = {}
    while True:
        left = sharing - len(found)
        news = [key for key in hypotheses if key not in found and is_rejected(key, left)]
        if not news:
            return found
        found |= dict.fromkeys(news, left)


def reject_by_p_value(p_values: Mapping[Key, float], *, error: float, sharing: int | None = None) -> set[Key]:
    """The hypotheses that are rejected by their two-sided p-values; `sharing` is their number unless given."""
    number = len(p_values) if sharing is None else sharing
    return set(reject(p_values, lambda key, left: p_values[key] <= error / left, sharing=number))
