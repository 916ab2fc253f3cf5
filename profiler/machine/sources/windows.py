"""Windows: caches from `GetLogicalProcessorInformationEx`, asked through ctypes.

The answer is a row of records of varying length; a cache's holds level, ways, line, size, type and the mask of the CPUs
that share it (Microsoft, "SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX", "CACHE_RELATIONSHIP").
"""

import struct
import sys
from collections.abc import Iterator
from typing import Any

from profiler.machine.sources.statements import CacheStatement, CacheType, Reading, positive

SOURCE = "GetLogicalProcessorInformationEx"
_RELATION_CACHE = 2
_HEADER = struct.Struct("<II")
_CACHE = struct.Struct("<BBHIi18xH")  # level, ways, line, size, type, reserved, group count
_TYPES: dict[int, CacheType] = {0: "unified", 1: "instruction", 2: "data"}
_FULLY_ASSOCIATIVE = 0xFF
_CPUS_PER_GROUP = 64


def cache_statements() -> list[CacheStatement]:
    """Every cache of the running machine; empty on other systems."""
    return list(parse_caches(_ask())) if sys.platform == "win32" else []


def parse_caches(data: bytes, pointer_bytes: int = struct.calcsize("P")) -> Iterator[CacheStatement]:
    """The caches in an answer, as far as it is whole."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        relation, size = _HEADER.unpack_from(data, offset)
        if size < _HEADER.size or offset + size > len(data):
            return
        if relation == _RELATION_CACHE:
            yield from _statements(data[offset + _HEADER.size : offset + size], pointer_bytes)
        offset += size


def _statements(record: bytes, pointer_bytes: int) -> Iterator[CacheStatement]:
    mask = struct.Struct("<" + ("Q" if pointer_bytes == 8 else "I") + "H6x")  # noqa: PLR2004 - GROUP_AFFINITY of 64 bits
    if len(record) < _CACHE.size + mask.size:
        return
    level, ways, line, size, kind, groups = _CACHE.unpack_from(record)
    if kind not in _TYPES or not 0 < level < 8:  # noqa: PLR2004 - a level is a small number
        return
    cpus: list[int] = []
    for position in range(max(1, groups)):
        start = _CACHE.size + position * mask.size
        if start + mask.size > len(record):
            break
        bits, group = mask.unpack_from(record, start)
        cpus += [group * _CPUS_PER_GROUP + bit for bit in range(8 * pointer_bytes) if bits >> bit & 1]
    fields = positive(
        size_bytes=(size, str(size)),
        line_size_bytes=(line, str(line)),
        ways_of_associativity=(ways if ways != _FULLY_ASSOCIATIVE else None, str(ways)),
    )
    for cpu in cpus:
        yield CacheStatement(
            cpu=cpu,
            level=level,
            type=_TYPES[kind],
            source=SOURCE,
            fields={**fields, "shared_cpus": Reading(tuple(cpus))},
            is_whole=True,
        )


def _ask() -> bytes:
    import ctypes

    library: Any = ctypes
    ask = library.windll.kernel32.GetLogicalProcessorInformationEx
    size = ctypes.c_ulong(0)
    ask(_RELATION_CACHE, None, ctypes.byref(size))
    answer = ctypes.create_string_buffer(size.value)
    return answer.raw[: size.value] if ask(_RELATION_CACHE, answer, ctypes.byref(size)) else b""
