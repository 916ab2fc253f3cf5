"""How a child process ended without an answer, in words that may be stored and shown."""

import dataclasses

from profiler.base.privacy import hide_paths
from profiler.base.signals import describe_signal

MAX_WORDS = 200


@dataclasses.dataclass(frozen=True)
class Death:
    """A status as Python has it (below 0: the signal it died of), and the end of what it wrote to standard error."""

    status: int
    said: str = ""

    def __str__(self) -> str:
        """How the process died, in words without paths. A signal says more than last words do."""
        if self.signal is not None:
            return f"died of {self.cause}"
        return f"ended with status {self.status}: {harmless(self.last_line)}"

    @property
    def signal(self) -> int | None:
        """The signal it died of, None if it ended by itself."""
        return -self.status if self.status < 0 else None

    @property
    def exit_status(self) -> int | None:
        """The status it ended with, None if it died of a signal."""
        return None if self.status < 0 else self.status

    @property
    def cause(self) -> str:
        """The signal and what it usually means, or the status."""
        return f"exit status {self.status}" if self.signal is None else describe_signal(self.signal)

    @property
    def last_line(self) -> str:
        """The last line that it wrote, with the paths in it."""
        lines = self.said.splitlines()
        return lines[-1] if lines else "it said nothing"


class ChildError(Exception):
    """A child did not answer. The message says how that came; `death` is None where no status was left to tell of."""

    def __init__(self, message: str, *, death: Death | None = None) -> None:
        super().__init__(message)
        self.death = death


class ChildDiedError(ChildError):
    """A child ended by itself before it answered."""

    def __init__(self, death: Death) -> None:
        super().__init__(str(death))
        self.death: Death = death


def harmless(line: str) -> str:
    """A line that a child process wrote, without what a terminal would act on and without paths."""
    return hide_paths("".join(letter if letter.isprintable() else "?" for letter in line.strip()))[:MAX_WORDS]
