"""What the board and core table says of the caches of a machine whose board or cores it knows.

Without the board's row, only what a core's designer fixed is claimed: most cores leave sizes to those who build the
chip, and a likely guess would read like a fact.
"""

from collections.abc import Iterator, Sequence

from profiler.machine.records import CoreType
from profiler.machine.sources.boardtable import BoardRow, ClusterRow, CoreRow, core_by_id, core_by_midr, table
from profiler.machine.sources.statements import CacheStatement, CacheType, Reading

BOARD_SOURCE = "board table"
CORE_SOURCE = "core table"
UNSURE = " (unsure)"  # the table's own word for what no source states, or sources differ on
_GROUP = {"core": 1, "gpu": None, "pair": 2, "cluster": None}


def cache_statements(
    board: BoardRow | None, core_types: Sequence[CoreType], cpus: Sequence[int]
) -> list[CacheStatement]:
    """Every cache that the table knows, for every CPU.

    Args:
        board: the board's row, if there is one.
        core_types: what the processor says of its cores.
        cpus: all CPUs, for a processor that says nothing of its cores.
    """
    if board is None:
        return [
            statement
            for core_type in core_types
            if (core := row_of(core_type)) is not None
            for statement in _first_level(core, None, core_type.cpus, CORE_SOURCE, core.id)
        ]
    found: list[CacheStatement] = []
    for cluster, members in _clusters(board, core_types, cpus):
        core = core_by_id(cluster.core)
        if core is not None:
            found += _first_level(core, cluster, members, BOARD_SOURCE, board.id)
        found += _second_level(board, cluster, core, members)
    return found + list(_third_level(board, sorted({statement.cpu for statement in found})))


def row_of(core_type: CoreType) -> CoreRow | None:
    """The table's row of a core type, by part number, or by name on RISC-V."""
    if core_type.implementer is not None and core_type.part is not None:
        return core_by_midr(core_type.implementer, core_type.part)
    return next((core for core in table().core if core.name == core_type.name), None) if core_type.name else None


def board_by_id(board_id: str | None) -> BoardRow | None:
    """The table's row of the board with that id."""
    return next((board for board in table().board if board.id == board_id), None)


def _clusters(
    board: BoardRow, core_types: Sequence[CoreType], cpus: Sequence[int]
) -> Iterator[tuple[ClusterRow, tuple[int, ...]]]:
    """The board's clusters with the CPUs that are of their core; all CPUs where there is but one cluster."""
    if len(board.cluster) == 1:
        members = tuple(cpu for core_type in core_types for cpu in core_type.cpus) or tuple(cpus)
        yield board.cluster[0], members or tuple(range(board.cluster[0].cores))
        return
    for core_type in core_types:
        core = row_of(core_type)
        cluster = next((cluster for cluster in board.cluster if core and cluster.core == core.id), None)
        if cluster is not None:
            yield cluster, core_type.cpus


def _first_level(
    core: CoreRow, cluster: ClusterRow | None, cpus: Sequence[int], source: str, row: str
) -> Iterator[CacheStatement]:
    kinds: tuple[tuple[CacheType, str], ...] = (("data", "l1d"), ("instruction", "l1i"))
    for kind, prefix in kinds:
        is_fixed = not getattr(core, f"{prefix}_options")
        size = getattr(cluster, f"{prefix}_bytes", None) if cluster else None
        ways = getattr(cluster, f"{prefix}_ways", None) if cluster else None
        if size is None and (cluster is not None or is_fixed):
            size = getattr(core, f"{prefix}_bytes")
        if not size:
            continue
        fields = _fields(size, ways or getattr(core, f"{prefix}_ways"), getattr(core, f"{prefix}_line_bytes"), row)
        for cpu in cpus:
            own = {**fields, "shared_cpus": Reading((cpu,), f"{row}: each core has its own")}
            yield CacheStatement(cpu=cpu, level=1, type=kind, source=source, fields=own)


def _second_level(
    board: BoardRow, cluster: ClusterRow, core: CoreRow | None, cpus: Sequence[int]
) -> Iterator[CacheStatement]:
    if not cluster.l2_bytes or cluster.l2_shared is None or cluster.l2_shared == "none":
        return
    line = cluster.l2_line_bytes or (core.l2_line_bytes if core else None)
    fields = _fields(cluster.l2_bytes, cluster.l2_ways, line, board.id)
    size = _GROUP[cluster.l2_shared] or max(1, cluster.cores)
    for start in range(0, len(cpus), size):
        group = tuple(cpus[start : start + size])
        shared = Reading(group, f'{board.id}: l2_shared = "{cluster.l2_shared}"')
        for cpu in group:
            yield CacheStatement(
                cpu=cpu,
                level=2,
                type="unified",
                source=table_source(board, "l2_bytes"),
                fields={**fields, "shared_cpus": shared},
            )


def _third_level(board: BoardRow, cpus: Sequence[int]) -> Iterator[CacheStatement]:
    if board.l3_bytes:
        fields = _fields(board.l3_bytes, board.l3_ways, board.l3_line_bytes, board.id)
        fields["shared_cpus"] = Reading(tuple(cpus), f"{board.id}: one for all cores")
        for cpu in cpus:
            yield CacheStatement(
                cpu=cpu, level=3, type="unified", source=table_source(board, "l3_bytes"), fields=fields
            )


def table_source(board: BoardRow, field: str) -> str:
    """How a report names a field of a board's row as the source of a fact."""
    return BOARD_SOURCE + UNSURE * (field in board.unsure)


def _fields(size: int, ways: int | None, line: int | None, row: str) -> dict[str, Reading]:
    found = {"size_bytes": Reading(size, f"{row}: {size}")}
    if ways:
        found["ways_of_associativity"] = Reading(ways, f"{row}: {ways}")
    if line:
        found["line_size_bytes"] = Reading(line, f"{row}: {line}")
    if ways and line and size % (ways * line) == 0:
        found["number_of_sets"] = Reading(size // (ways * line), "size / (ways x line size)")
    return found
