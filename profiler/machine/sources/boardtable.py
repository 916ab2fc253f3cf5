"""The facts of known cores and boards that `boards.toml` collects, and the search for the one at hand.

A row says what a document or another person's measurement says, never what this machine was seen to do: it fills a
gap or shows a conflict. Sizes are bytes of one cache, clocks MHz, bandwidths GB/s (10^9 bytes). A row's `unsure`
names those of its fields that no source states or on which sources disagree; its `sources` say what was read.
"""

import functools
import importlib.resources
import itertools
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from profiler.base.record import Record

Part = tuple[int, int]
_NEW_STYLE = 1 << 23
_MEBIBYTE = 1 << 20


class CoreRow(Record, frozen=True, kw_only=True):
    """A kind of core. `*_options` are the sizes it is offered or was seen with; without them its size is fixed.

    Arm cores are told by `implementer` and `parts` (MIDR bits 31:24 and 15:4) or by `aliases`, the numbers under
    which other makers ship the same core; RISC-V ones by `uarch`, the words of `/proc/cpuinfo` and the device tree.
    `lse` is about Arm's large system extensions, the atomics of Armv8.1: None on other architectures.
    """

    id: str
    name: str
    arch: str
    bits: int
    sources: tuple[str, ...]
    in_order: bool | None = None
    implementer: int | None = None
    parts: tuple[int, ...] = ()
    aliases: tuple[Part, ...] = ()
    uarch: tuple[str, ...] = ()
    l1d_bytes: int | None = None
    l1d_ways: int | None = None
    l1d_line_bytes: int | None = None
    l1d_options: tuple[int, ...] = ()
    l1i_bytes: int | None = None
    l1i_ways: int | None = None
    l1i_line_bytes: int | None = None
    l1i_options: tuple[int, ...] = ()
    l2_typical_bytes: int | None = None
    l2_ways: int | None = None
    l2_line_bytes: int | None = None
    l2_options: tuple[int, ...] = ()
    l2_private: bool | None = None
    isa: tuple[str, ...] = ()
    lse: bool | None = None
    note: str | None = None
    unsure: tuple[str, ...] = ()

    @property
    def midrs(self) -> frozenset[Part]:
        """Every implementer and part number that means this core."""
        own = () if self.implementer is None else ((self.implementer, part) for part in self.parts)
        return frozenset((*own, *self.aliases))


class ClusterRow(Record, frozen=True, kw_only=True):
    """Cores of one kind, with an L1 where it differs from the core's row. An `l2_bytes` of 0 says: there is none."""

    core: str
    cores: int
    l1d_bytes: int | None = None
    l1d_ways: int | None = None
    l1i_bytes: int | None = None
    l1i_ways: int | None = None
    l2_bytes: int | None = None
    l2_ways: int | None = None
    l2_line_bytes: int | None = None
    l2_shared: Literal["cluster", "core", "pair", "none", "gpu"] | None = None
    clock_mhz: int | None = None


class BoardRow(Record, frozen=True, kw_only=True):
    """A board, or all boards with one chip, its fastest cluster first.

    `mem_bandwidth_gb_s` is data rate times bus width; `mem_read_gb_s` and `mem_copy_gb_s` are what one core reached,
    with each copied byte counted once.
    """

    id: str
    soc: str
    cluster: tuple[ClusterRow, ...]
    sources: tuple[str, ...]
    match_model: tuple[str, ...] = ()
    match_compatible: tuple[str, ...] = ()
    match_brand: tuple[str, ...] = ()
    revision_types: tuple[int, ...] = ()
    revision_socs: tuple[int, ...] = ()
    l3_bytes: int | None = None
    l3_ways: int | None = None
    l3_line_bytes: int | None = None
    mem_type: str | None = None
    mem_bus_bits: int | None = None
    mem_bandwidth_gb_s: float | None = None
    mem_read_gb_s: float | None = None
    mem_copy_gb_s: float | None = None
    ram_mb: tuple[int, ...] = ()
    page_bytes: int | None = None
    temp_soft_limit_c: int | None = None
    note: str | None = None
    unsure: tuple[str, ...] = ()


class PartName(Record, frozen=True, kw_only=True):
    """What lscpu calls an Arm core."""

    implementer: int
    part: int
    name: str


class Table(Record, frozen=True, kw_only=True):
    """All of `boards.toml`. `old_revision` has code, type, MiB and manufacturer of Raspberry Pis before 2015."""

    schema_version: int
    part_sources: tuple[str, ...]
    revision_sources: tuple[str, ...]
    revision_manufacturers: tuple[str, ...]
    old_revision: tuple[tuple[int, int, int, str], ...]
    part: tuple[PartName, ...]
    core: tuple[CoreRow, ...]
    board: tuple[BoardRow, ...]


class RevisionCode(Record, frozen=True, kw_only=True):
    """What a Raspberry Pi revision code says. `soc` and `type` are its numbers; memory is None where it tells none."""

    memory_bytes: int | None
    soc: int
    type: int
    manufacturer: str | None = None


@functools.cache
def table() -> Table:
    """The table, read when first asked for."""
    text = (importlib.resources.files("profiler.machine") / "boards.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Table)


def core_by_id(core_id: str) -> CoreRow | None:
    """The row of the core with that id."""
    return next((core for core in table().core if core.id == core_id), None)


def core_by_midr(implementer: int, part: int) -> CoreRow | None:
    """The row of the Arm core with these numbers of its MIDR register."""
    return next((core for core in table().core if (implementer, part) in core.midrs), None)


def core_by_uarch(uarch: str) -> CoreRow | None:
    """The row of the RISC-V core that `/proc/cpuinfo` or the device tree calls so."""
    return next((core for core in table().core if uarch in core.uarch), None)


def core_name(implementer: int | None, part: int | None) -> str | None:
    """What the Arm core with these numbers is called."""
    return next((row.name for row in table().part if (row.implementer, row.part) == (implementer, part)), None)


def find_board(
    *, model: str | None, compatible: Sequence[str], brand: str | None, revision: int | None, parts: Collection[Part]
) -> BoardRow | None:
    """The row of the board with these names: its device tree's, its x86 brand, its Raspberry Pi revision code.

    The longest name that stands in `model` as whole words wins, then the one in the first string of `compatible` that
    has any, then the revision code, then `brand`. A row without the cores of `parts`, by MIDR, is passed over.
    """
    finds: Iterator[BoardRow] = itertools.chain(
        _by_name(model, lambda row: row.match_model),
        *(_by_name(name, lambda row: row.match_compatible) for name in compatible),
        _by_revision(revision),
        _by_name(brand, lambda row: row.match_brand),
    )
    return next((row for row in finds if _fits(row, parts)), None)


def decode_revision(code: int) -> RevisionCode | None:
    """What a Raspberry Pi revision code says; None for a number that is none. Warranty bits may be set."""
    if code < 0 or code.bit_length() > 32:  # noqa: PLR2004 -- the size of a code
        return None
    if not code & _NEW_STYLE:
        old = next((row for row in table().old_revision if row[0] == code & 0xFFFF), None)
        return RevisionCode(memory_bytes=old[2] * _MEBIBYTE, soc=0, type=old[1], manufacturer=old[3]) if old else None
    makers = dict(enumerate(table().revision_manufacturers))
    size = code >> 20 & 0x7
    return RevisionCode(
        memory_bytes=None if size == 0x7 else 256 * _MEBIBYTE << size,  # noqa: PLR2004 -- 7 says "other"
        soc=code >> 12 & 0xF,
        type=code >> 4 & 0xFF,
        manufacturer=makers.get(code >> 16 & 0xF),
    )


def _by_name(text: str | None, names: Callable[[BoardRow], Iterable[str]]) -> Iterator[BoardRow]:
    found = [(name, row) for row in table().board for name in names(row) if text and name in text]
    found.sort(key=lambda pair: -len(pair[0]))
    return (row for name, row in found if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text or ""))


def _by_revision(code: int | None) -> Iterator[BoardRow]:
    said = None if code is None else decode_revision(code)
    return (row for row in table().board if said and said.type in row.revision_types and said.soc in row.revision_socs)


def _fits(row: BoardRow, parts: Collection[Part]) -> bool:
    cores = (core_by_id(cluster.core) for cluster in row.cluster)
    return set(parts) <= set(itertools.chain.from_iterable(core.midrs for core in cores if core))
