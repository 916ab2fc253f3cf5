"""`/proc/device-tree`: the board's name, and the caches that its maintainers wrote down.

Cells are 32 bits, big-endian; texts end in NUL. The same caches as in sysfs, but also on 32-bit kernels, where sysfs
has none. A CPU's next level is named by a phandle; its node may lie under `cpus`, in the CPU's node or at the root.
RISC-V says `*-block-size` for `*-line-size`. Serial numbers, MAC addresses and boot arguments are not read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from profiler.machine.sources.source import MAX_NAME, is_file, list_folder, read_bytes, read_name, read_text
from profiler.machine.sources.statements import MAX_CPU, CacheStatement, Reading, positive

SOURCE = "device tree"
_FOLDER = "proc/device-tree"
_MAX_STRINGS = 32
_MAX_LEVELS = 4
_CELL = 4
_CACHE_FOLDERS = ("cpus/*", "cpus/cpu@*/*", "*", "soc*/*")  # the last on SiFive's and StarFive's chips


def read_model(root: Path) -> str | None:
    """The board's name, None if the tree tells none."""
    return read_name(root / _FOLDER / "model") or None


def read_compatible(root: Path) -> tuple[str, ...]:
    """The names the board goes by, the most specific first."""
    return _strings(root / _FOLDER / "compatible")


def read_hypervisor(root: Path) -> str | None:
    """What the hypervisor says it is, in the tree that it wrote."""
    names = _strings(root / _FOLDER / "hypervisor" / "compatible")
    return names[0] if names else None


def read_bootloader_time_s(root: Path) -> int | None:
    """When the firmware of a Raspberry Pi 4 or 5 was built, in seconds since 1970."""
    return _cell(root / _FOLDER / "chosen/bootloader/build-timestamp")


def cache_statements(
    root: Path, links: Mapping[int, str] | None = None, core_of: Mapping[int, str | None] | None = None
) -> list[CacheStatement]:
    """Every cache that the tree describes, for every CPU whose node is known.

    Args:
        root: of the tree of files.
        links: the name of each CPU's node, as the kernel links it.
        core_of: the name of each CPU's core type.
    """
    tree = root / _FOLDER
    cpus = _cpus(tree, links or {}, core_of or {})
    nodes = {phandle: node for node in _cache_nodes(tree) if (phandle := _phandle(node)) is not None}
    chains = {cpu: list(_chain(folder, nodes)) for cpu, folder in cpus.items()}
    sharers: dict[Path, list[int]] = {}
    for cpu, chain in chains.items():
        for node in chain:
            sharers.setdefault(node, []).append(cpu)
    return [statement for cpu, folder in cpus.items() for statement in _claims_of(cpu, folder, chains[cpu], sharers)]


def _claims_of(cpu: int, folder: Path, chain: list[Path], sharers: dict[Path, list[int]]) -> Iterator[CacheStatement]:
    own = (cpu,)
    if _cell(folder / "d-cache-size") or _cell(folder / "i-cache-size"):
        for kind, prefix in (("data", "d"), ("instruction", "i")):
            fields = {**_fields(folder, f"{prefix}-cache"), "shared_cpus": Reading(own)}
            yield CacheStatement(cpu=cpu, level=1, type=kind, source=SOURCE, fields=fields)  # type: ignore[arg-type]  # both are
    elif fields := _fields(folder, "cache"):
        yield CacheStatement(
            cpu=cpu, level=1, type="unified", source=SOURCE, fields={**fields, "shared_cpus": Reading(own)}
        )
    for position, node in enumerate(chain):
        level = _cell(node / "cache-level")
        shared = Reading(tuple(sorted(sharers[node])), f"next-level-cache of {len(sharers[node])} nodes")
        yield CacheStatement(
            cpu=cpu,
            level=level if level and 1 < level <= _MAX_LEVELS + 1 else position + 2,
            type="unified",
            source=SOURCE,
            fields={**_fields(node, "cache"), "shared_cpus": shared},
        )


def _fields(node: Path, prefix: str) -> dict[str, Reading]:
    size, sets = _cell(node / f"{prefix}-size"), _cell(node / f"{prefix}-sets")
    lines = {name: _cell(node / f"{prefix}-{name}") for name in ("line-size", "block-size")}
    name = next((name for name, line in lines.items() if line), "line-size")
    line = lines[name]
    found = positive(
        size_bytes=(size, f"{prefix}-size = <{size}>"),
        number_of_sets=(sets, f"{prefix}-sets = <{sets}>"),
        line_size_bytes=(line, f"{prefix}-{name} = <{line}>"),
    )
    if size and sets and line and size % (sets * line) == 0:
        found["ways_of_associativity"] = Reading(size // (sets * line), "size / (sets x line size)")
    return found


def _cpus(tree: Path, links: Mapping[int, str], core_of: Mapping[int, str | None]) -> dict[int, Path]:
    """The node of each CPU.

    Linux numbers the CPU it boots on first, and the others as they are written, so the numbers in the tree do not tell.
    The kernel's own links do; else, on a chip with several kinds of core, the kind that a node is compatible with; and
    where all nodes are of one kind, any order is right.
    """
    enabled = {None, "", "okay", "ok"}
    folders = [folder for folder in list_folder(tree / "cpus", "cpu@*") if read_text(folder / "status") in enabled]
    named = {folder.name: folder for folder in folders}
    if links:
        return {cpu: named[name] for cpu, name in links.items() if name in named}
    numbered = sorted(folders, key=lambda folder: (_reg(folder), folder.name))[:MAX_CPU]
    kinds: dict[str, list[Path]] = {}
    for folder in numbered:
        kinds.setdefault(next(iter(_strings(folder / "compatible")), ""), []).append(folder)
    if len(kinds) == 1:
        return dict(enumerate(numbered))
    found: dict[int, Path] = {}
    for kind, nodes in kinds.items():
        cpus = sorted(cpu for cpu, name in core_of.items() if (name or "").lower() == kind.rpartition(",")[2].lower())
        if len(cpus) == len(nodes):
            found.update(zip(cpus, nodes, strict=True))
    return found


def _reg(folder: Path) -> int:
    data = read_bytes(folder / "reg") or b""
    return int.from_bytes(data[:8], "big")


def _cache_nodes(tree: Path) -> Iterator[Path]:
    for pattern in _CACHE_FOLDERS:
        for node in list_folder(tree, pattern):
            if "cache" in _strings(node / "compatible") or is_file(node / "cache-level") or "cache" in node.name:
                yield node


def _chain(folder: Path, nodes: dict[int, Path]) -> Iterator[Path]:
    """The caches beyond a CPU's first level, as far as the phandles lead."""
    node, seen = folder, {folder}
    for _ in range(_MAX_LEVELS):
        phandle = _cell(node / "next-level-cache")
        if phandle is None:
            phandle = _cell(node / "l2-cache")
        following = nodes.get(phandle) if phandle is not None else None
        if following is None or following in seen:
            return
        yield following
        seen.add(following)
        node = following


def _phandle(node: Path) -> int | None:
    phandle = _cell(node / "phandle")
    return phandle if phandle is not None else _cell(node / "linux,phandle")


def _cell(path: Path) -> int | None:
    data = read_bytes(path)
    return int.from_bytes(data, "big") if data is not None and len(data) == _CELL else None


def _strings(path: Path) -> tuple[str, ...]:
    text = (read_bytes(path) or b"").decode("utf-8", "replace")
    return tuple(part[:MAX_NAME] for part in text.split("\0") if part)[:_MAX_STRINGS]
