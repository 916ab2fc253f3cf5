"""What came out: an answer per rule and measurement, kept as JSON lines so that a stopped run can be summarised."""

import math
from pathlib import Path

import msgspec

from scripts.evidence.side_by_side.pairs import Pair


class NotDrivenError(Exception):
    """A method cannot measure this pair within its budget. The message says why."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says of one pair: second arm over first, as log ratios. None where a rule gives no interval."""

    rule: str
    is_different: bool
    point: float | None
    low: float | None
    high: float | None


class Result(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """All answers of one method to one pair, and the wall-clock time it took with its process starts."""

    pair: Pair
    percent: int
    method: str
    seconds: float
    answers: tuple[Answer, ...] = ()
    not_driven: str | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="header"):
    """What a run was made with."""

    date: str
    machine: str
    versions: dict[str, str]
    budget_s: float
    repeats: int
    pairs: int
    seed: int


Line = Header | Result


def answer(rule: str, *, is_different: bool, ratios: tuple[float, float, float]) -> Answer:
    """An answer from point, low and high as ratios of times."""
    point, low, high = (math.log(max(ratio, math.ulp(0))) for ratio in ratios)
    return Answer(rule=rule, is_different=is_different, point=point, low=low, high=high)


def append_line(path: Path, line: Line) -> None:
    """Add a line to a raw file."""
    with path.open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")


def read_lines(path: Path) -> list[Line]:
    """Every whole line of a raw file; one that was cut off is left out."""
    return [
        msgspec.json.decode(text, type=Line)
        for text in path.read_bytes().splitlines(keepends=True)
        if text.endswith(b"\n")
    ]
