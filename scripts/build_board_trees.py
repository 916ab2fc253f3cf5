#!/usr/bin/env python3
"""Builds trees of the files of /proc and /sys that the hardware readers look at, one folder a board.

No board is at hand, so the trees are composed from what `tests/boards/boards.toml` says of each. Device-tree cells are
big-endian, texts end in NUL, caches are linked by phandles, as Linux shows them. The tests build them for themselves.

    scripts/build_board_trees.py             # tests/boards/README.md alone
    scripts/build_board_trees.py FOLDER      # the trees too, to look at
"""

import argparse
import json
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

BOARDS = Path(__file__).resolve().parents[1] / "tests/boards"
SOURCE = "boards.toml"
README = "README.md"
CPU_FOLDER = "sys/devices/system/cpu"
TREE = "proc/device-tree"
GOVERNORS = "conservative ondemand userspace powersave performance schedutil"
SYSFS_TYPES = {"d": "Data", "i": "Instruction"}
INTRODUCTION = """\
Trees of the files that the hardware readers look at, one folder a board, used through their `root` argument.

The tests build them from `boards.toml`. `scripts/build_board_trees.py` writes this file from it: edit that and run it
again. With a folder it writes the trees there, to look at.

They are composed, not recorded: no board was at hand. Cache sizes, sets and part numbers come from the boards'
device-tree sources in Linux (the file and its commit are named below) and from published sbc-bench reports
(`ThomasKaiser/sbc-bench`, `results/*.txt`, commit 53f79517), the file layout from the kernel. `recording.json` has what
no file tells, `of_node_name` the name of the node to which the kernel's link `of_node` of a CPU leads. Serial numbers
(`deadbeef`), host names (`secret-host`) and MAC addresses (`b8:27:eb`) are invented, so that a test can show that none
of them is ever stored.

| tree | what it is | from | invented besides |
|---|---|---|---|
"""

Table = dict[str, Any]


class Files:
    """The files of one tree, by path."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def text(self, path: str, text: object) -> None:
        """A text file as the kernel writes it: one line, or empty."""
        self.data[path] = f"{text}\n".encode() if text != "" else b""

    def strings(self, path: str, strings: str | Sequence[str]) -> None:
        """A property of texts that end in NUL."""
        texts = [strings] if isinstance(strings, str) else strings
        self.data[f"{TREE}/{path}"] = b"".join(text.encode() + b"\0" for text in texts)

    def cells(self, path: str, *cells: int) -> None:
        """A property of big-endian 32-bit cells; empty, it is only there."""
        self.data[f"{TREE}/{path}"] = b"".join(cell.to_bytes(4, "big") for cell in cells)

    def drop(self, folder: str) -> None:
        """Leave out a file or folder."""
        for path in [path for path in self.data if PurePosixPath(path).is_relative_to(folder)]:
            del self.data[path]

    def write(self, root: Path) -> None:
        """Write all files below `root`, which is emptied first."""
        if root.exists():
            shutil.rmtree(root)
        for path, data in self.data.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)


def read_boards(path: Path = BOARDS / SOURCE) -> dict[str, Table]:
    """Every board by name, with what it takes from another and with its cores filled in."""
    found = tomllib.loads(path.read_text())
    boards = {name: _with_base(found["boards"], name) for name in found["boards"]}
    for board in boards.values():
        for group in board["groups"]:
            group["core"] = found["cores"][group["core"]]
    return boards


def _with_base(boards: dict[str, Table], name: str) -> Table:
    board: Table = dict(boards[name])
    base = board.pop("base", None)
    board.setdefault("drop", [])
    return _merged(_with_base(boards, base) if base else {}, board)


def _merged(base: Table, own: Table) -> Table:
    """The tables of both, the second one's values first. An empty table empties the first one's."""
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and value:
            value = _merged(base.get(key, {}), value)  # noqa: PLW2901 - the same value, completed
        elif key == "groups":
            value = [dict(group) for group in value]  # noqa: PLW2901
        merged[key] = value
    return merged


def build(board: Table) -> Files:
    """All files of a board."""
    files = Files()
    _add_system(files, board)
    _add_cpuinfo(files, board)
    _add_topology(files, board)
    _add_caches(files, board)
    _add_policies(files, board)
    _add_sensors(files, board)
    _add_device_tree(files, board)
    for path, text in board.get("files", {}).items():
        files.text(path, text)
    for folder in board["drop"]:
        files.drop(folder)
    return files


def _add_system(files: Files, board: Table) -> None:
    total, available, swap, swap_used = board["memory"]
    memory = {
        "MemTotal": total, "MemFree": available * 9 // 10, "MemAvailable": available, "Buffers": 20480,
        "Cached": 153600, "SwapCached": 0, "SwapTotal": swap, "SwapFree": swap - swap_used,
    }  # fmt: skip
    files.text("proc/meminfo", "\n".join(f"{key + ':':<16}{value:8} kB" for key, value in memory.items()))
    swaps = f"\n/var/swap                               file\t\t{swap}\t\t{swap_used}\t\t-2" if swap else ""
    files.text("proc/swaps", f"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority{swaps}")
    files.text("proc/loadavg", "0.12 0.08 0.03 1/143 1432")
    files.text("proc/self/cgroup", board.get("cgroup", "0::/user.slice/user-1000.slice/session-3.scope"))
    files.text("etc/hostname", "secret-host")
    files.text("proc/sys/kernel/hostname", "secret-host")
    if "kernel" in board:
        files.text("sys/kernel/mm/swap/vma_ra_enabled", "true")
        files.text("proc/sys/kernel/osrelease", board["kernel"])
        files.text("proc/sys/kernel/ostype", "Linux")
        files.text("proc/sys/kernel/arch", _kernel_machine(board))
    if "os" in board:
        name = board["os"].split(" ")[0]
        files.text("etc/os-release", f'PRETTY_NAME="{board["os"]}"\nNAME="{name}"\nID={name.lower()}')
    for node, cpus in enumerate(board.get("numa", [])):
        files.text(f"sys/devices/system/node/node{node}/cpulist", cpus)
    if "numa" in board:
        files.text("sys/devices/system/node/online", _cpu_list(range(len(board["numa"]))))
    recording = {"recorded_by": "scripts/build_board_trees.py", "system": "Linux", **board["recording"]}
    recording.setdefault("cpus_allowed", _all_cpus(board))
    if board.get("vcgencmd"):
        recording["vcgencmd"] = board["vcgencmd"]
    files.text("recording.json", json.dumps(recording, indent=2))


def _kernel_machine(board: Table) -> str:
    core = board["groups"][0]["core"]
    if "midr" in core:
        return board["recording"]["machine"] if "model_name" in core else "aarch64"
    return "riscv64" if "isa" in core else "x86_64"


def _all_cpus(board: Table) -> list[int]:
    return [cpu for group in board["groups"] for cpu in group["cpus"]]


def _cpu_list(cpus: Sequence[int]) -> str:
    """CPUs as the kernel writes them: `0-3,6`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and runs[-1][-1] == cpu - 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


# ------------------------------------------------------------------------------------------------------ /proc/cpuinfo


def _add_cpuinfo(files: Files, board: Table) -> None:
    blocks = [_cpuinfo_block(cpu, group["core"], board) for group in board["groups"] for cpu in group["cpus"]]
    end = board.get("cpuinfo_end", [])
    files.text("proc/cpuinfo", "\n\n".join([*blocks, *(["\n".join(end)] if end else [])]) + ("" if end else "\n"))


def _cpuinfo_block(cpu: int, core: Table, board: Table) -> str:
    if "midr" in core:
        lines = _arm_lines(core)
    elif "isa" in core:
        hart = cpu + core["hart_offset"]
        lines = [
            f"hart\t\t: {hart}",
            f"isa\t\t: {core['isa']}",
            "mmu\t\t: sv39",
            f"uarch\t\t: {core['uarch']}",
            *core["ids"],
        ]
    else:
        lines = _x86_lines(core, board)
    return "\n".join([f"processor\t: {cpu}", *lines])


def _arm_lines(core: Table) -> list[str]:
    midr = core["midr"]
    return [
        *([f"model name\t: {core['model_name']}"] if "model_name" in core else []),
        "BogoMIPS\t: 108.00",
        f"Features\t: {core['features']}",
        f"CPU implementer\t: 0x{midr >> 24:02x}",
        f"CPU architecture: {core.get('architecture', 8)}",
        f"CPU variant\t: 0x{midr >> 20 & 15:x}",
        f"CPU part\t: 0x{midr >> 4 & 0xFFF:03x}",
        f"CPU revision\t: {midr & 15}",
    ]


def _x86_lines(core: Table, board: Table) -> list[str]:
    family, model, stepping = core["family_model_stepping"]
    cpus = len(_all_cpus(board))
    return [
        f"vendor_id\t: {core['vendor_id']}",
        f"cpu family\t: {family}",
        f"model\t\t: {model}",
        f"model name\t: {core['model_name']}",
        f"stepping\t: {stepping}",
        "cpu MHz\t\t: 1600.000",
        f"cache size\t: {board['caches']['l3']['geometry'].split()[0][:-1]} KB",
        f"siblings\t: {cpus}",
        f"cpu cores\t: {cpus // board.get('threads', 1)}",
        f"flags\t\t: {core['flags']}",
    ]


# --------------------------------------------------------------------------------------------------------------- sysfs


def _siblings(board: Table, cpu: int) -> list[int]:
    """The CPUs that are threads of the same core."""
    threads, cpus = board.get("threads", 1), _all_cpus(board)
    if board.get("siblings_apart"):
        return [other for other in cpus if other % (len(cpus) // threads) == cpu % (len(cpus) // threads)]
    return [other for other in cpus if other // threads == cpu // threads]


def _add_topology(files: Files, board: Table) -> None:
    cpus = _all_cpus(board)
    for name in ("online", "present", "possible"):
        files.text(f"{CPU_FOLDER}/{name}", _cpu_list(cpus))
    is_old = board.get("topology") == "old"
    for group in board["groups"]:
        for cpu in group["cpus"]:
            folder = f"{CPU_FOLDER}/cpu{cpu}"
            lists = {"thread_siblings_list": _siblings(board, cpu), "core_siblings_list": cpus}
            if not is_old:
                lists |= {"core_cpus_list": _siblings(board, cpu), "package_cpus_list": cpus}
                lists["cluster_cpus_list"] = next((part for part in board.get("cpu_map", []) if cpu in part), cpus)
            for name, members in lists.items():
                files.text(f"{folder}/topology/{name}", _cpu_list(members))
            if _kernel_machine(board) == "aarch64":
                files.text(f"{folder}/regs/identification/midr_el1", f"0x{group['core']['midr']:016x}")
                if not is_old:
                    files.text(f"{folder}/cpu_capacity", group.get("capacity", 1024))


def _add_caches(files: Files, board: Table) -> None:
    if board["sysfs"] == "none":
        return
    for group in board["groups"]:
        for cpu in group["cpus"]:
            for index, cache in enumerate(_caches_of(board, group, cpu)):
                _add_index(files, f"{CPU_FOLDER}/cpu{cpu}/cache/index{index}", cache, is_sized=board["sysfs"] == "full")


def _add_index(files: Files, folder: str, cache: Table, *, is_sized: bool) -> None:
    files.text(f"{folder}/level", cache["level"])
    files.text(f"{folder}/type", cache["type"])
    files.text(f"{folder}/shared_cpu_list", _cpu_list(cache["cpus"]))
    if is_sized:
        size, sets, line = _geometry(cache["geometry"])
        files.text(f"{folder}/size", f"{size >> 10}K")
        files.text(f"{folder}/number_of_sets", sets)
        files.text(f"{folder}/coherency_line_size", line)
        files.text(f"{folder}/ways_of_associativity", size // (sets * line))


def _caches_of(board: Table, group: Table, cpu: int) -> Iterator[Table]:
    """The caches that a CPU sees, from the first level on."""
    for key in board.get("sysfs_order", "di"):
        yield {"level": 1, "type": SYSFS_TYPES[key], "geometry": group[key], "cpus": _siblings(board, cpu)}
    name = group.get("next")
    while name:
        cache = board["caches"][name]
        yield {**cache, "type": "Unified", "cpus": _sharers(board, name, cpu)}
        name = cache.get("next")


def _sharers(board: Table, name: str, cpu: int) -> list[int]:
    cache = board["caches"][name]
    if cache.get("private") or "{" in cache.get("node", ""):
        return _siblings(board, cpu)
    return [other for group in board["groups"] if name in _chain(board, group) for other in group["cpus"]]


def _chain(board: Table, group: Table) -> list[str]:
    names, name = [], group.get("next")
    while name:
        names.append(name)
        name = board["caches"][name].get("next")
    return names


def _geometry(text: str) -> tuple[int, int, int]:
    size, sets, line = text.split()
    return int(size.removesuffix("K")) << 10, int(sets), int(line)


def _add_policies(files: Files, board: Table) -> None:
    for line in board["policies"]:
        cpus, driver, governor, minimum, maximum, current = line.split()
        folder = f"{CPU_FOLDER}/cpufreq/policy{cpus.split('-')[0]}"
        first, _, last = cpus.partition("-")
        related = " ".join(map(str, range(int(first), int(last or first) + 1)))
        values = {
            "related_cpus": related, "affected_cpus": related, "scaling_driver": driver, "scaling_governor": governor,
            "scaling_available_governors": board.get("governors", GOVERNORS), "scaling_min_freq": minimum,
            "scaling_max_freq": maximum, "scaling_cur_freq": current, "cpuinfo_min_freq": minimum,
            "cpuinfo_max_freq": maximum,
        }  # fmt: skip
        for name, value in values.items():
            files.text(f"{folder}/{name}", value)


def _add_sensors(files: Files, board: Table) -> None:
    for number, line in enumerate(board["thermal"]):
        kind, temperature, trip, trip_type = line.rsplit(" ", 3)
        folder = f"sys/class/thermal/thermal_zone{number}"
        files.text(f"{folder}/type", kind)
        files.text(f"{folder}/temp", temperature)
        if trip != "-":
            files.text(f"{folder}/trip_point_0_temp", trip)
            files.text(f"{folder}/trip_point_0_type", trip_type)
    for number, values in enumerate(board.get("hwmon", [])):
        for name, value in values.items():
            files.text(f"sys/class/hwmon/hwmon{number}/{name}", value)


# --------------------------------------------------------------------------------------------------------- device tree


class Phandles:
    """Numbers for the nodes that others point to."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, node: str) -> int:
        """The node's number, a new one the first time."""
        return self._numbers.setdefault(node, len(self._numbers) + 1)


def _add_device_tree(files: Files, board: Table) -> None:
    if board["tree"] == "none":
        return
    cells = board.get("address_cells", 1)
    files.cells("cpus/#address-cells", cells)
    files.cells("cpus/#size-cells", 0)
    methods = board.get("enable_method", {})
    if "cpus" in methods:
        files.strings("cpus/enable-method", methods["cpus"])
    phandles = Phandles()
    nodes: dict[int, str] = {}
    for group in board["groups"]:
        for place, cpu in enumerate(group["cpus"]):
            nodes[cpu] = f"cpus/{_node_name(group, place)}"
            files.text(f"{CPU_FOLDER}/cpu{cpu}/of_node_name", _node_name(group, place))
            _add_cpu_node(files, board, group, place, phandles)
    for cluster, cpus in enumerate(board.get("cpu_map", [])):
        for core, cpu in enumerate(cpus):
            files.cells(f"cpus/cpu-map/cluster{cluster}/core{core}/cpu", phandles.of(nodes[cpu]))
    _add_properties(files, board)


def _add_properties(files: Files, board: Table) -> None:
    for path, strings in board.get("strings", {}).items():
        files.strings(path, strings)
    for path, values in board.get("cells", {}).items():
        files.cells(path, *values)
    for path, text in board.get("bytes", {}).items():
        files.data[f"{TREE}/{path}"] = bytes.fromhex(text)


def _node_name(group: Table, place: int) -> str:
    return group["nodes"][place] if "nodes" in group else f"cpu@{group['cpus'][place]}"


def _add_cpu_node(files: Files, board: Table, group: Table, place: int, phandles: Phandles) -> None:
    core, node = group["core"], f"cpus/{_node_name(group, place)}"
    regs: list[int] = group.get("regs") or group["cpus"]
    files.strings(f"{node}/device_type", "cpu")
    files.strings(f"{node}/compatible", core["compatible"])
    files.cells(f"{node}/reg", *([0] * (board.get("address_cells", 1) - 1)), regs[place])
    files.cells(f"{node}/phandle", phandles.of(node))
    if "cpu" in board.get("enable_method", {}):
        files.strings(f"{node}/enable-method", board["enable_method"]["cpu"])
    if "tree_isa" in core:
        files.strings(f"{node}/riscv,isa", core["tree_isa"])
        files.strings(f"{node}/mmu-type", "riscv,sv39")
    if board["tree"] == "bare":
        return
    if board["tree"] == "full":
        for key in "di":
            _add_geometry(files, f"{node}/{key}-cache", group[key], board)
    _add_links(files, board, group, place, phandles)


def _add_links(files: Files, board: Table, group: Table, place: int, phandles: Phandles) -> None:
    """The chain of caches beyond a CPU's first level."""
    node = f"cpus/{_node_name(group, place)}"
    for name in _chain(board, group):
        cache = board["caches"][name]
        below = cache["node"].format(cpu=_node_name(group, place), n=place)
        files.cells(f"{node}/next-level-cache", phandles.of(below))
        files.strings(f"{below}/compatible", cache.get("compatible", ["cache"]))
        files.cells(f"{below}/phandle", phandles.of(below))
        if board["tree"] == "full":
            files.cells(f"{below}/cache-unified")
            files.cells(f"{below}/cache-level", cache["level"])
            _add_geometry(files, f"{below}/cache", cache["geometry"], board)
        node = below


def _add_geometry(files: Files, prefix: str, geometry: str, board: Table) -> None:
    size, sets, line = _geometry(geometry)
    files.cells(f"{prefix}-size", size)
    files.cells(f"{prefix}-sets", sets)
    files.cells(f"{prefix}-{board.get('line_name', 'line')}-size", line)


# ---------------------------------------------------------------------------------------------------------------- main


def readme(boards: dict[str, Table]) -> str:
    """The text of tests/boards/README.md."""
    rows = [f"| `{name}` | {b['about']} | {b['source']} | {b['invented']} |\n" for name, b in boards.items()]
    return INTRODUCTION + "".join(rows)


def write_trees(folder: Path) -> list[str]:
    """Write every tree below `folder`; returns their names."""
    boards = read_boards()
    for name, board in boards.items():
        build(board).write(folder / name)
    return list(boards)


def main() -> None:
    """Write what tells of the trees, and the trees where a folder is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    arguments = parser.parse_args()
    (BOARDS / README).write_text(readme(read_boards()))
    if arguments.folder is None:
        return
    names = write_trees(arguments.folder)
    files = sum(path.is_file() for name in names for path in (arguments.folder / name).rglob("*"))
    print(f"{len(names)} trees, {files} files below {arguments.folder}")


if __name__ == "__main__":
    main()
