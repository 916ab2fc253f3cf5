"""What a runtime made of the operators of a file, in words."""

from collections import Counter
from collections.abc import Sequence


def changed_operators(stored: Sequence[str], executed: Sequence[str]) -> str:
    """The operators that went and those that came in their place; empty if there are none. Their order is no change.

    A `Transpose` that went was applied to the weight once, when the model was loaded: it is folded.
    """
    gone, new = Counter(stored) - Counter(executed), Counter(executed) - Counter(stored)
    notes = []
    if gone.pop("Transpose", 0):
        notes.append("Transpose folded")
    if gone and new:
        notes.append(f"{', '.join(gone)} -> {', '.join(new)}")
    elif gone or new:
        notes.append(f"{', '.join(gone or new)} {'removed' if gone else 'added'}")
    return "; ".join(notes)
