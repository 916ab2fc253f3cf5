"""Looks at a board before anything is put on it: what it is, what stands against a run, and what to mind."""

import dataclasses
import re
import time

from profiler.base.death import harmless
from profiler.base.errors import RemoteError
from profiler.measure.remote.connect import Board
from profiler.measure.remote.messages import BoardFacts, PythonFound
from profiler.measure.remote.talk import ask_script

OLDEST_PYTHON = (3, 11)
OLDEST_GLIBC = (2, 28)  # of the wheels of numpy and ONNX Runtime
INSTALL_BYTES = 400_000_000  # twice what the base install takes, since pip unpacks beside it
FREE_SOME = "free some, or name a folder on another disk with --remote-dir"
LEAST_MEMORY_BYTES = 150_000_000
MOST_CLOCK_OFFSET_S = 5.0
_GIB = 1 << 30


@dataclasses.dataclass(frozen=True)
class BoardCheck:
    """A board that was looked at. `clock_offset_s` is how far its clock is ahead of ours, within `clock_error_s`."""

    facts: BoardFacts
    clock_offset_s: float
    clock_error_s: float

    @property
    def has_wrong_clock(self) -> bool:
        """Whether the clocks differ for certain."""
        return abs(self.clock_offset_s) > MOST_CLOCK_OFFSET_S + self.clock_error_s


async def check(board: Board, *, base: str = "", python: str = "") -> BoardCheck:
    """Ask a board what it is.

    Args:
        board: where.
        base: the folder to use there, relative to the home folder; empty for the user's cache.
        python: the Python to use there; empty to look for one.

    Raises:
        RemoteError: it has no Python 3, or gave no answer that makes sense.
    """
    before = time.time()
    facts = await ask_script(board, python or "python3", "probe", {"base": base, "python": python}, BoardFacts)
    after = time.time()
    return BoardCheck(facts, facts.utc_s - (before + after) / 2, (after - before) / 2)


def choose_python(checked: BoardCheck, host: object) -> PythonFound:
    """The first Python that can carry this tool.

    Raises:
        RemoteError: there is none; says what to install.
    """
    found = checked.facts.pythons
    new_enough = [python for python in found if python.version[:2] >= OLDEST_PYTHON]
    if not new_enough:
        versions = ", ".join(_dotted(python.version) for python in found) or "none"
        raise RemoteError(
            f"{host} has no Python {_dotted(OLDEST_PYTHON)} or newer (found: {versions}); update its system, or name "
            "one that is there with --python /path/to/python3.11"
        )
    usable = [python for python in new_enough if python.has_venv]
    if not usable:
        raise RemoteError(
            f"{host} cannot make virtual environments with Python {_dotted(new_enough[0].version)}; there: "
            "sudo apt install python3-venv"
        )
    return usable[0]


def find_problem(checked: BoardCheck, *, needed_bytes: int) -> str | None:
    """What stands against installing and running there, None if nothing does.

    Args:
        checked: what was found.
        needed_bytes: what will be written there.
    """
    facts = checked.facts
    if facts.system != "Linux":
        return f"it runs {harmless(facts.system) or 'an unknown system'}; a board needs Linux"
    if facts.base_problem is not None:
        return f"{harmless(facts.base_problem)}; name another folder with --remote-dir"
    if facts.free_bytes < needed_bytes:
        return (
            f"its disk has {facts.free_bytes / 1e6:.0f} MB free, the program needs about {needed_bytes / 1e6:.0f} MB; "
            f"{FREE_SOME}"
        )
    return None


def list_cautions(checked: BoardCheck) -> list[str]:
    """What to mind about a board, though none of it stands against a run."""
    facts, cautions = checked.facts, []
    if checked.has_wrong_clock:
        cautions.append(
            f"its clock is {_offset_words(checked.clock_offset_s)}; set it with: sudo timedatectl set-ntp on"
        )
    if facts.memory_available_bytes is not None and facts.memory_available_bytes < LEAST_MEMORY_BYTES:
        cautions.append(f"only {facts.memory_available_bytes / 1e6:.0f} MB of memory are available; end other programs")
    version = re.fullmatch(r"glibc (\d{1,3})\.(\d{1,3}).*", facts.libc)
    if version is None:
        cautions.append("its C library is not glibc; ONNX Runtime has no wheels for that")
    elif (int(version[1]), int(version[2])) < OLDEST_GLIBC:
        cautions.append(
            f"{facts.libc} is older than {_dotted(OLDEST_GLIBC)}, which wheels of numpy and ONNX Runtime need"
        )
    return cautions


def describe(checked: BoardCheck, python: PythonFound) -> str:
    """A line about a board: processor, Python, C library, memory and disk."""
    facts = checked.facts
    memory = f"{facts.memory_total_bytes / _GIB:.1f} GiB" if facts.memory_total_bytes else "unknown"
    return (
        f"{harmless(facts.machine)}, {facts.bits}-bit, Python {_dotted(python.version)}, "
        f"{harmless(facts.libc) or 'unknown C library'}, memory {memory}, "
        f"{facts.free_bytes / _GIB:.1f} GiB of disk free"
    )


def _offset_words(offset_s: float) -> str:
    size, unit = next(
        (abs(offset_s) / length_s, unit)
        for length_s, unit in ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))
        if abs(offset_s) >= 2 * length_s or length_s == 1
    )
    return f"{size:.0f} {unit} {'ahead of' if offset_s > 0 else 'behind'} this computer's"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
