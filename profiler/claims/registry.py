"""The table of claims, and the choice of some by their numbers."""

from collections.abc import Sequence

from profiler.base.errors import OptionError
from profiler.claims import (
    batches,
    both,
    columnmajor,
    forum,
    initialization,
    iris,
    keras,
    locality,
    training,
    transposition,
)
from profiler.claims.claim import Claim

CLAIMS = (
    forum.CLAIM,
    locality.NAIVE,
    locality.KERNELS_CLAIM,
    batches.CLAIM,
    columnmajor.CLAIM,
    both.CLAIM,
    transposition.CLAIM,
    training.CLAIM,
    iris.CLAIM,
    initialization.CLAIM,
    keras.CLAIM,
)


def choose_claims(numbers: Sequence[int]) -> tuple[Claim, ...]:
    """The claims of these numbers in the order of the table, each once; all of them for none.

    Raises:
        OptionError: there is no claim of a number.
    """
    known = {claim.number: claim for claim in CLAIMS}
    for number in numbers:
        if number not in known:
            raise OptionError(f"there is no claim {number}; they are numbered 1 to {len(CLAIMS)}")
    return tuple(claim for claim in CLAIMS if not numbers or claim.number in numbers)
