"""Facts from values: nothing, 0 and an empty text are unknown."""

from pathlib import Path
from typing import Any

from profiler.machine.recording import LIVE
from profiler.machine.records import Fact

UNKNOWN: Fact[Any] = Fact(value=None, source="unknown")


def fact(value: Any, source: str) -> Fact[Any]:
    """The value with its source; a text is its own raw text."""
    return Fact(value=value, source=source, raw=value if isinstance(value, str) else None) if value else UNKNOWN


def live_fact(value: Any, source: str, root: Path) -> Fact[Any]:
    """The value with its source, if `root` is that of the running machine, which alone tells it; unknown otherwise."""
    return fact(value if root == LIVE else None, source)
