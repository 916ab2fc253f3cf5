"""Misses simulated: a layout's calls under valgrind's callgrind, with the caches of a board."""

import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from profiler.base.death import ChildError
from profiler.base.errors import InputError
from profiler.measure.counting.ask import ask_child
from profiler.measure.counting.callgrind import Dump, read_dump
from profiler.measure.counting.evidence import Geometry, Source, SourceName
from profiler.measure.counting.job import CountedArm, SimulatedJob
from profiler.measure.counting.tools import Tools, compile_requests, find_tools

PRODUCTS, LEAST_CALLS, MOST_CALLS = 20_000_000, 2, 50  # a few seconds of counting on a laptop, naive loops included
D1_READ_MISSES, LL_READ_MISSES = "D1mr", "DLmr"
_TELLS = (
    "how many lines a call reads that its caches no longer hold; repeated, the counts agree within about 1 %, the "
    "runtime's own (an interpreter, the output) included"
)


class Simulation:
    """valgrind, ready to run arms with one geometry."""

    name = SourceName.SIMULATION

    def __init__(self, geometry: Geometry, tools: Tools, folder: Path) -> None:
        self.geometry = geometry
        self.tools = tools
        self._folder = folder
        self._library = compile_requests(tools, folder)

    @property
    def source(self) -> Source:
        """What reports say of the simulation: what it is and what it can tell."""
        return describe(self.geometry, self.tools, machine=platform.machine())

    def count(self, arm: CountedArm) -> tuple[dict[str, float], str | None]:
        """Events over all calls of an arm, by callgrind's names; or none, and why."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            out, log = Path(folder) / "callgrind.out", Path(folder) / "log"
            command = callgrind_command(self.tools.valgrind, self.geometry, out=out, log=log)
            job = SimulatedJob(arm=arm, library=str(self._library))
            try:
                findings = ask_child(job, under=[*self.tools.fixed_addresses, *command], log=log)
                if findings.problem is not None:
                    return {}, findings.problem
                dump = read_dump(
                    out.with_name(f"{out.name}.1")
                )  # the first the program asked for; one at its end follows
            except ChildError as error:
                return {}, f"under valgrind it {error}"
            except InputError as error:
                return {}, str(error)
        problem = geometry_problem(self.geometry, dump)
        return ({}, problem) if problem else (dict(dump.totals), None)


@contextmanager
def simulation(geometry: Geometry) -> Iterator[Simulation]:
    """A simulation, in a folder of its own that is gone afterwards.

    Raises:
        MissingToolError: valgrind, its headers or a compiler is missing.
    """
    tools = find_tools()
    with tempfile.TemporaryDirectory(prefix="layout-profiler-") as folder:
        yield Simulation(geometry, tools, Path(folder))


def callgrind_command(valgrind: str, geometry: Geometry, *, out: Path, log: Path) -> list[str]:
    """The command before the program's own. A chip with one level gets it twice: its second is not shown."""
    return [
        valgrind,
        "--tool=callgrind",
        "--cache-sim=yes",
        "--instr-atstart=no",
        f"--I1={geometry.instruction.text}",
        f"--D1={geometry.data.text}",
        f"--LL={(geometry.last or geometry.data).text}",
        f"--callgrind-out-file={out}",
        f"--log-file={log}",
    ]


def geometry_problem(geometry: Geometry, dump: Dump) -> str | None:
    """Valgrind quietly takes other caches than it is given where it cannot have those; None if it did not."""
    wanted = {"I1": geometry.instruction, "D1": geometry.data, "LL": geometry.last or geometry.data}
    for name, shape in wanted.items():
        found = dump.caches.get(name)
        if found is not None and found.text != shape.text:
            return f"valgrind simulated an {name} cache of {found.text} instead of {shape.text}"
    return None


def describe(geometry: Geometry, tools: Tools | None, *, machine: str, problem: str | None = None) -> Source:
    """What reports say of the simulation as a source; `problem` is why it gives nothing, None if it does."""
    last = f", {geometry.last_name} {geometry.last.text}" if geometry.last else ", nothing behind it"
    version = f" {tools.version}" if tools else ""
    notes = list(geometry.notes)
    if tools is not None and not tools.fixed_addresses:
        notes.append("addresses differ from run to run (no setarch -R here): so do counts, by about 1 %")
    kernels = f"the kernels are {machine} ones"
    if machine in ("x86_64", "AMD64", "i686"):
        kernels += " and at most AVX2, since valgrind offers no AVX-512"
    return Source(
        name=SourceName.SIMULATION,
        what=(
            f"valgrind{version}, callgrind, with the caches of {geometry.of} ({geometry.core}; {geometry.known_by}): "
            f"L1 data {geometry.data.text}{last} (bytes, ways, bytes of a line)"
        ),
        tells=_TELLS,
        cannot_tell=(
            f"time, or what the board's own kernels do: {kernels}. No prefetcher, no TLB, no other "
            "program, one thread, two levels"
        ),
        problem=problem,
        notes=tuple(notes),
        geometry=geometry,
    )
