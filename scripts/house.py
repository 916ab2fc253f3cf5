#!/usr/bin/env python3
"""Prints the table of the house: what each room of the program holds, and whether its imports run downward only.

Usage: scripts/house.py                     # this checkout
       scripts/house.py --revision REV      # another revision of it
       scripts/house.py --beside REV        # both, side by side

A room is a folder or a single module directly below `profiler/`; a checkout of before the move has `models/` beside it.
An arrow goes from a room to one that it imports, and floors are the rooms of the longest chain of arrows; rooms that
stand in a circle share a floor. Imports are read from the syntax tree: those inside functions count as arrows too, but
make no circle between modules, since they run after all modules are loaded; circles that exist only through them are
counted apart. Modules that are loaded by a name in a text (runtimes) are not seen. The status is 1 where a circle is,
or an import against the order below.
"""

import argparse
import ast
import dataclasses
import functools
import graphlib
import io
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "profiler"
SOURCES = (PROGRAM, "models")
DOOR = PROGRAM  # `profiler/__init__.py` and `profiler/__main__.py` lead to the rooms and are none
ORDER = (
    "base", "models", "machine", "artifacts", "session", "runtimes", "judge", "measure", "report", "schemas", "claims",
    "commands",
)  # fmt: skip
Graph = Mapping[str, frozenset[str]]
Row = tuple[str, ...]


@dataclasses.dataclass(frozen=True, order=True)
class Function:
    """A function or method and its length in lines."""

    lines: int
    name: str


@dataclasses.dataclass(frozen=True)
class Module:
    """What one file holds. The imports are names as they stand there, of other packages too."""

    name: str
    lines: int
    classes: int
    functions: tuple[Function, ...]
    imports: frozenset[str]
    lazy_imports: frozenset[str]

    @property
    def room(self) -> str:
        """The folder or single module directly below the program that this is, or lies in."""
        parts = self.name.split(".")
        if parts[0] != PROGRAM:
            return parts[0]
        return DOOR if len(parts) == 1 or parts[1] == "__main__" else parts[1]


@dataclasses.dataclass(frozen=True, order=True)
class Upward:
    """An import against the order: a room that knows one above it."""

    importer: str
    imported: str
    is_lazy: bool

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}" + (" inside a function" if self.is_lazy else "")


@dataclasses.dataclass(frozen=True)
class House:
    """All modules of the program, each once, by name."""

    modules: Mapping[str, Module]

    @functools.cached_property
    def imports(self) -> Graph:
        """What each module imports as it is loaded, of the program's own."""
        return {name: self._own(module.imports) for name, module in self.modules.items()}

    @functools.cached_property
    def all_imports(self) -> Graph:
        """What each module imports ever, of the program's own."""
        return {name: self._own(module.imports | module.lazy_imports) for name, module in self.modules.items()}

    @functools.cached_property
    def rooms(self) -> Mapping[str, tuple[Module, ...]]:
        """The modules of each room, in the declared order, or by floor where there is none; the door is one here."""
        found: dict[str, list[Module]] = {}
        for module in self.modules.values():
            found.setdefault(module.room, []).append(module)
        places = self.floors if self.unplaced else {room: place for place, room in enumerate(ORDER)}
        return {room: tuple(found[room]) for room in sorted(found, key=lambda room: (places.get(room, -1), room))}

    @functools.cached_property
    def arrows(self) -> Graph:
        """The rooms that each room imports; the door is left out."""
        found: dict[str, set[str]] = {module.room: set() for module in self.modules.values() if module.room != DOOR}
        for name, imported in self.all_imports.items():
            room = self.modules[name].room
            if room != DOOR:
                found[room] |= {self.modules[other].room for other in imported} - {room, DOOR}
        return {room: frozenset(others) for room, others in found.items()}

    @functools.cached_property
    def floors(self) -> Mapping[str, int]:
        """How high each room lies: one more than the highest that it imports."""
        return _floors(self.arrows)

    @property
    def module_circles(self) -> list[tuple[str, ...]]:
        """Groups of modules that cannot be loaded one after the other."""
        return _circles(self.imports)

    @property
    def lazy_circles(self) -> list[tuple[str, ...]]:
        """Groups of modules that need each other, be it only when a function runs."""
        return [circle for circle in _circles(self.all_imports) if circle not in self.module_circles]

    @property
    def room_circles(self) -> list[tuple[str, ...]]:
        """Groups of rooms that know each other."""
        return _circles(self.arrows)

    @property
    def unplaced(self) -> list[str]:
        """Rooms that the order does not name."""
        return sorted(set(self.arrows) - set(ORDER))

    @property
    def upward(self) -> list[Upward]:
        """Imports against the order, among the rooms that it names."""
        return sorted(
            Upward(name, other, other not in self.imports[name])
            for name, imported in self.all_imports.items()
            for other in imported
            if _is_upward(self.modules[name].room, self.modules[other].room)
        )

    @property
    def is_sound(self) -> bool:
        """No circles, and every import runs downward."""
        return not (self.module_circles or self.room_circles or self.upward or self.unplaced)

    def _own(self, names: Iterable[str]) -> frozenset[str]:
        """The modules that hold these names."""
        found = {name if name in self.modules else name.rpartition(".")[0] for name in names}
        return frozenset(found & set(self.modules))


def read_house(root: Path) -> House:
    """Every module below `root`; what `profiler/models` links to is seen there and not again."""
    is_inside = (root / PROGRAM / "models").is_dir()
    tops = [root / name for name in ((PROGRAM,) if is_inside else SOURCES)]
    modules = (read_module(path, _module_name(path.relative_to(root))) for top in tops for path in _python_files(top))
    return House({module.name: module for module in modules})


def _python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _python_files(path)
        elif path.suffix == ".py":
            yield path


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_module(path: Path, name: str) -> Module:
    """Parse one file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    lazy = {id(node) for function in _functions(tree) for node in ast.walk(function)}
    imports: dict[bool, set[str]] = {True: set(), False: set()}
    for node in ast.walk(tree):
        imports[id(node) in lazy].update(_imported(node, package))
    return Module(
        name=name,
        lines=len(text.splitlines()),
        classes=sum(isinstance(node, ast.ClassDef) for node in ast.walk(tree)),
        functions=tuple(Function(_length(node), f"{name}.{node.name}") for node in _functions(tree)),
        imports=frozenset(imports[False]),
        lazy_imports=frozenset(imports[True] - imports[False]),
    )


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """The dotted names that a statement imports: modules, or things in them."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        start = parts[: len(parts) - node.level + 1] if node.level else []
        source = ".".join([*start, node.module] if node.module else start)
        yield from (f"{source}.{alias.name}" for alias in node.names)


def _is_upward(importer: str, imported: str) -> bool:
    known = importer in ORDER and imported in ORDER
    return known and ORDER.index(imported) > ORDER.index(importer)


def _circles(graph: Graph) -> list[tuple[str, ...]]:
    """The largest groups in which each leads to every other."""
    reached = {name: _reached(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(groups)


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def _floors(graph: Graph) -> dict[str, int]:
    """The floor of each; those of one circle share theirs."""
    shared = {name: circle[0] for circle in _circles(graph) for name in circle}
    joined: dict[str, set[str]] = {shared.get(name, name): set() for name in graph}
    for name, others in graph.items():
        first = shared.get(name, name)
        joined[first] |= {shared.get(other, other) for other in others} - {first}
    floors: dict[str, int] = {}
    for name in graphlib.TopologicalSorter(joined).static_order():
        floors[name] = 1 + max((floors[other] for other in joined[name]), default=0)
    return {name: floors[shared.get(name, name)] for name in graph}


def room_rows(house: House) -> list[Row]:
    """A line for each room, the lowest first."""
    rows: list[Row] = [("room", "floor", "knows", "modules", "lines", "classes", "functions", "longest function")]
    for room, modules in house.rooms.items():
        functions = [function for module in modules for function in module.functions]
        rows.append((
            f"`{room}`" if room != DOOR else "(the door)",
            str(house.floors.get(room, "")),
            str(len(house.arrows[room]) if room != DOOR else ""),
            str(len(modules)),
            f"{sum(module.lines for module in modules):,}",
            str(sum(module.classes for module in modules)),
            f"{len(functions):,}",
            str(max(functions).lines if functions else ""),
        ))  # fmt: skip
    return rows


def summary_rows(houses: Mapping[str, House]) -> list[Row]:
    """A column for each house, by its title."""
    columns = [_summary(house) for house in houses.values()]
    return [("", *houses), *((name, *(column[name] for column in columns)) for name in columns[0])]


def _summary(house: House) -> dict[str, str]:
    modules = house.modules.values()
    functions = [function for module in modules for function in module.functions]
    longest, largest = max(functions), max(modules, key=lambda module: module.lines)
    upward = [found.is_lazy for found in house.upward]
    return {
        "rooms": str(len(house.arrows)),
        "floors": str(max(house.floors.values())),
        "arrows between rooms": str(sum(map(len, house.arrows.values()))),
        "modules": str(len(modules)),
        "lines": f"{sum(module.lines for module in modules):,}",
        "classes": str(sum(module.classes for module in modules)),
        "functions": f"{len(functions):,}",
        "longest function": f"{longest.lines} (`{longest.name}`)",
        "longest module": f"{largest.lines} (`{largest.name}`)",
        "circles between modules": str(len(house.module_circles)),
        "more through imports inside functions": str(len(house.lazy_circles)),
        "circles between rooms": str(len(house.room_circles)),
        "imports against the order": "no order declared" if house.unplaced else str(len(upward)),
        "of these inside functions": "" if house.unplaced else str(sum(upward)),
    }


def format_table(rows: list[Row]) -> str:
    """A Markdown table whose first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    head, *body = (f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)
    return "\n".join([head, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *body])


def faults(house: House) -> list[str]:
    """A line for each thing that should not be."""
    return [
        *(f"circle between modules: {', '.join(circle)}" for circle in house.module_circles),
        *(f"circle between rooms: {', '.join(circle)}" for circle in house.room_circles),
        *(f"against the order: {found}" for found in house.upward),
        *(f"a room without a place in the order: {room}" for room in house.unplaced),
    ]


def read_revision(revision: str) -> House:
    """The house of another revision, unpacked into a temporary folder."""
    command = ["git", "-C", str(ROOT), "archive", revision, *SOURCES]
    packed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        return read_house(Path(folder))


def main() -> int:
    """Measure and print; the status says whether the house is sound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--revision", metavar="REV", help="measure this revision instead of the checkout")
    which.add_argument("--beside", metavar="REV", help="measure this revision too, and show both side by side")
    chosen = parser.parse_args()
    try:
        house = read_revision(chosen.revision) if chosen.revision else read_house(ROOT)
        houses = {chosen.beside: read_revision(chosen.beside)} if chosen.beside else {}
    except subprocess.CalledProcessError as error:
        return error.returncode
    houses[chosen.revision or "this checkout"] = house
    print(format_table(summary_rows(houses)))
    for title, measured in houses.items():
        print(f"\nRooms of {title}, from low to high\n\n{format_table(room_rows(measured))}")
    for fault in faults(house):
        print(fault, file=sys.stderr)
    return 0 if house.is_sound else 1


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is a way to read it
    sys.exit(main())
