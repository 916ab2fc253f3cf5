"""The board: its name by device tree, `/proc/cpuinfo` or DMI, and what the board table adds to it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from profiler.machine import memory
from profiler.machine.facts import UNKNOWN, fact, live_fact
from profiler.machine.reconcile import disagreement, first_known
from profiler.machine.records import Board, Conflict, CoreType, Fact, Memory
from profiler.machine.sources import boardtable, darwin, devicetree, dmi
from profiler.machine.sources.boardstatements import BOARD_SOURCE, table_source
from profiler.machine.sources.boardtable import BoardRow
from profiler.machine.sources.cpuinfo import SOURCE as CPUINFO
from profiler.machine.sources.cpuinfo import CpuInfo

_GIGA = 1e9
UNKNOWN_BOARD = Board(model=UNKNOWN, compatible=())


def find_row(root: Path, cpuinfo: CpuInfo, core_types: Sequence[CoreType]) -> BoardRow | None:
    """The board's row in the table."""
    return boardtable.find_board(
        model=devicetree.read_model(root) or cpuinfo.model,
        compatible=devicetree.read_compatible(root),
        brand=cpuinfo.fields.get("model name") if cpuinfo.architecture == "x86" else None,
        revision=cpuinfo.revision,
        parts={
            (core.implementer, core.part)
            for core in core_types
            if core.implementer is not None and core.part is not None
        },
    )


def capture_board(root: Path, cpuinfo: CpuInfo, row: BoardRow | None) -> tuple[Board, tuple[Conflict, ...]]:
    """What the board is called, and where sources differ on it."""
    models: list[Fact[str]] = [
        fact(devicetree.read_model(root), "/proc/device-tree/model"),
        fact(cpuinfo.model, f"{CPUINFO}, Model"),
        fact(dmi.read_product(root), dmi.SOURCE),
        live_fact(darwin.read_model(), "sysctl hw.model", root),
    ]
    soc = UNKNOWN if row is None else Fact(value=row.soc, source=BOARD_SOURCE, raw=row.id)
    board = Board(
        model=first_known(models),
        compatible=devicetree.read_compatible(root),
        soc=soc,
        table_id=row.id if row else None,
        note=fact(row.note, BOARD_SOURCE) if row else UNKNOWN,
    )
    return board, disagreement("board model", models)


def capture_memory(root: Path, row: BoardRow | None) -> Memory:
    """How much memory there is, its kind and theoretical rate by the table."""
    found = memory.capture_memory(root)
    if row is None:
        return found
    rate = row.mem_bandwidth_gb_s
    return msgspec.structs.replace(
        found,
        kind=fact(row.mem_type, table_source(row, "mem_type")),
        theoretical_bytes_per_s=fact(rate and rate * _GIGA, table_source(row, "mem_bandwidth_gb_s")),
    )
