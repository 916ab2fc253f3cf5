"""What laptop and board say to each other. An answer comes from a machine we do not trust: bounded, typed, checked."""

import enum
from typing import Annotated

import msgspec

from profiler.base.record import Record

Key = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
Path = Annotated[str, msgspec.Meta(pattern=r"^/[^\x00-\x1f\x7f]*$", max_length=1000)]
Words = Annotated[str, msgspec.Meta(max_length=20_000)]
Name = Annotated[str, msgspec.Meta(max_length=100)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**60)]


class Place(Record, frozen=True, kw_only=True):
    """Where on a board: its folder of ours, and the run in it."""

    base: Path
    run: Key = "0" * 16


class RunJob(Record, frozen=True, kw_only=True):
    """A run to start: the bundle by the SHA-256 of its manifest, and the options for `run`."""

    base: Path
    run: Key
    tool: Key
    bundle: str
    arguments: tuple[str, ...]


class BundleJob(Record, frozen=True, kw_only=True):
    """A bundle to receive, by the SHA-256 of its manifest."""

    base: Path
    bundle: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class FollowJob(Record, frozen=True, kw_only=True):
    """A run's log to follow, from a byte on."""

    base: Path
    run: Key
    offset_bytes: Count


class RunState(enum.StrEnum):
    """Whether a run goes on, and if it does not, how it ended."""

    NONE = "none"  # nothing was ever started, or it was fetched and removed
    RUNNING = "running"
    ENDED = "ended"  # it left an exit status
    DIED = "died"  # it left none: killed, or the power went
    BUSY = "busy"  # another run goes on


class Standing(Record, frozen=True, kw_only=True):
    """How a run stands, its exit status if it has one, and what it has written."""

    state: RunState
    status: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None
    session_bytes: Count | None = None
    log_bytes: Count = 0
    free_bytes: Count
    last_words: Words = ""


class Missing(Record, frozen=True, kw_only=True):
    """The files of a bundle that a board lacks, or holds damaged. The laptop sends none that its manifest lacks."""

    paths: tuple[Annotated[str, msgspec.Meta(max_length=1000)], ...]
    free_bytes: Count


class Done(Record, frozen=True, kw_only=True):
    """The board has done what it was asked, and there is nothing more to say."""


class RunOutcome(Record, frozen=True, kw_only=True):
    """The answer of a script that is sent as text: what went wrong, None if nothing did."""

    error: Words | None


class PythonFound(Record, frozen=True, kw_only=True):
    """A Python that a board has, and whether it can make virtual environments."""

    path: Path
    version: tuple[int, int, int]
    has_venv: bool


class BoardFacts(Record, frozen=True, kw_only=True):
    """What `onboard/probe.py` tells of a board."""

    base: Path
    base_problem: Words | None
    bits: Annotated[int, msgspec.Meta(ge=8, le=128)]
    free_bytes: Count
    has_linux32: bool
    libc: Name
    machine: Name
    memory_available_bytes: Count | None
    memory_total_bytes: Count | None
    pythons: Annotated[tuple[PythonFound, ...], msgspec.Meta(max_length=20)]
    running: tuple[Key, Key] | None
    system: Name
    tools: Annotated[tuple[Key, ...], msgspec.Meta(max_length=1000)]
    utc_s: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
