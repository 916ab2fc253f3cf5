"""Cache geometry as valgrind simulates it: a first level and a last one, from the board table or a hardware report."""

import dataclasses
from collections.abc import Sequence

from profiler.base.errors import OptionError
from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.machine.reports import machine_name
from profiler.machine.sources.boardtable import BoardRow, ClusterRow, CoreRow, core_by_id
from profiler.measure.counting.evidence import CacheShape, Geometry

MIN_LINE_BYTES = 16  # what callgrind asks for: callgrind/sim.c and cg-arch.c of valgrind 3.19
MAX_CACHE_BYTES = (1 << 31) - 1
USUAL_WAYS = (8, 4, 16, 6, 12, 2)  # assumed where nobody tells, the first that makes a power of two of the sets
USUAL_LINE_BYTES = 64
NAME_A_BOARD = "name a board instead: --as BOARD"


@dataclasses.dataclass(frozen=True)
class _Known:
    """What is known of one cache; None or 0 is not."""

    size_bytes: int
    ways: int | None
    line_bytes: int | None


def shape_problem(shape: CacheShape) -> str | None:
    """Why callgrind cannot simulate a cache of that shape, None if it can."""
    size, ways, line = shape.size_bytes, shape.ways, shape.line_bytes
    if min(size, ways, line) < 1:
        return "size, ways and line must be above 0"
    if line < MIN_LINE_BYTES or line & (line - 1):
        return f"a line of {line} bytes is no power of two from {MIN_LINE_BYTES} up"
    if size > MAX_CACHE_BYTES:
        return f"it is larger than {MAX_CACHE_BYTES} bytes"
    sets, rest = divmod(size, ways * line)
    if rest or sets & (sets - 1) or not sets:
        count = f"{size / (ways * line):g}"
        return f"{size} bytes in {ways} ways of {line}-byte lines are {count} sets, which is no power of two"
    return None


def board_geometry(board: BoardRow, cluster: ClusterRow) -> Geometry:
    """The caches of a board as one of its clusters sees them.

    Raises:
        OptionError: the table does not know the first level, or valgrind cannot simulate what it knows.
    """
    core = core_by_id(cluster.core)
    if core is None or not (cluster.l1d_bytes or core.l1d_bytes):
        raise OptionError(f"the board table does not know the first-level cache of {board.id} ({cluster.core})")
    line = core.l1d_line_bytes
    data = _Known(cluster.l1d_bytes or core.l1d_bytes or 0, cluster.l1d_ways or core.l1d_ways, line)
    instruction = _Known(
        cluster.l1i_bytes or core.l1i_bytes or 0, cluster.l1i_ways or core.l1i_ways, core.l1i_line_bytes or line
    )
    last, last_name = _last_of_board(board, cluster, core)
    notes = [f"{core.name} only, of the board's {len(board.cluster)} kinds of core"] if len(board.cluster) > 1 else []
    if last_name == "L3":
        notes.append("the L2 between L1 and L3 is left out: valgrind simulates two levels")
    if cluster.l2_shared == "gpu":
        notes.append("the L2 is the graphics processor's own, and may not hold what the core reads")
    return _geometry(
        of=board.id,
        core=core.name,
        known_by="board table",
        caches=(instruction, data, last),
        last_name=last_name,
        notes=notes,
    )


def machine_geometry(hardware: HardwareInfo) -> Geometry:
    """The caches of this machine's first kind of core, from its hardware report.

    Raises:
        OptionError: they are not known, or valgrind cannot simulate them; the message says what to give instead.
    """
    data = _first(hardware.caches, level=1, kind="data")
    if data is None:
        raise OptionError(f"the first-level cache of this machine is unknown; {NAME_A_BOARD}")
    instruction = _first(hardware.caches, level=1, kind="instruction") or data
    unified = [cache for cache in hardware.caches if cache.type == "unified" and cache.size_bytes]
    last = max(unified, key=lambda cache: cache.level, default=None)
    notes = []
    if last is not None and len({cache.level for cache in unified}) > 1:
        notes.append(f"levels between L1 and L{last.level} are left out: valgrind simulates two levels")
    return _geometry(
        of="this machine",
        core=machine_name(hardware),
        known_by="hardware report",
        caches=(_known(instruction), _known(data), _known(last) if last else None),
        last_name=f"L{last.level}" if last else "",
        notes=notes,
    )


def _last_of_board(board: BoardRow, cluster: ClusterRow, core: CoreRow) -> tuple[_Known | None, str]:
    """The last level: L3 where there is one, else L2, else none."""
    if board.l3_bytes:
        return _Known(board.l3_bytes, board.l3_ways, board.l3_line_bytes), "L3"
    size = core.l2_typical_bytes if cluster.l2_bytes is None else cluster.l2_bytes
    if not size or cluster.l2_shared == "none":
        return None, ""
    ways = cluster.l2_ways or (core.l2_ways if size == core.l2_typical_bytes else None)
    return _Known(size, ways, cluster.l2_line_bytes or core.l2_line_bytes), "L2"


def _geometry(
    *,
    of: str,
    core: str,
    known_by: str,
    caches: tuple[_Known, _Known, _Known | None],
    last_name: str,
    notes: Sequence[str],
) -> Geometry:
    names = ("L1 instruction", "L1 data", last_name)
    line = caches[1].line_bytes or USUAL_LINE_BYTES
    shapes = [None if cache is None else _shape(cache, usual_line_bytes=line) for cache in caches]
    for name, shape in zip(names, shapes, strict=True):
        problem = shape_problem(shape) if shape else None
        if problem:
            raise OptionError(f"valgrind cannot simulate the {name} cache of {of}: {problem}; {NAME_A_BOARD}")
    instruction, data, last = shapes
    assert instruction is not None
    assert data is not None
    assumptions = [
        f"{name} cache: {' and '.join(shape.assumed)} assumed, nobody tells"
        for name, shape in zip(names, shapes, strict=True)
        if shape is not None and shape.assumed
    ]
    return Geometry(
        of=of,
        core=core,
        known_by=known_by,
        instruction=instruction,
        data=data,
        last=last,
        last_name=last_name,
        notes=(*notes, *assumptions),
    )


def _shape(cache: _Known, *, usual_line_bytes: int) -> CacheShape:
    line = cache.line_bytes or usual_line_bytes
    if cache.ways:
        ways = cache.ways
    else:
        guesses = (CacheShape(size_bytes=cache.size_bytes, ways=ways, line_bytes=line) for ways in USUAL_WAYS)
        ways = next((guess.ways for guess in guesses if shape_problem(guess) is None), USUAL_WAYS[0])
    unknown = (("a line of", cache.line_bytes, f"{line} bytes"), ("", cache.ways, f"{ways} ways"))
    assumed = tuple(f"{before} {text}".strip() for before, known, text in unknown if not known)
    return CacheShape(size_bytes=cache.size_bytes, ways=ways, line_bytes=line, assumed=assumed)


def _known(cache: CacheInfo) -> _Known:
    return _Known(cache.size_bytes or 0, cache.ways_of_associativity, cache.line_size_bytes)


def _first(caches: Sequence[CacheInfo], *, level: int, kind: str) -> CacheInfo | None:
    return next((c for c in caches if (c.level, c.type) == (level, kind) and c.size_bytes), None)
