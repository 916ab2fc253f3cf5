"""A claim: what a text says, and the function that examines it."""

import dataclasses
from collections.abc import Callable

from profiler.claims.lab import Laboratory
from profiler.report.appendix_records import Finding, Text


@dataclasses.dataclass(frozen=True)
class Claim:
    """One claim of a text.

    Attributes:
        number: what `--claim` takes.
        text: who says it.
        quote: a short quotation.
        done: what is done here, in a few words.
        examine: measures it in a laboratory.
    """

    number: int
    text: Text
    quote: str
    done: str
    examine: Callable[[Laboratory], Finding]
