"""The programs that simulation needs and no pip brings: valgrind, a C compiler, and setarch where there is one."""

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

from profiler.base.errors import MissingToolError

COMPILERS = ("cc", "gcc", "clang")
LIMIT_S = 60.0
_INSTALL = "on Debian and Raspberry Pi OS: sudo apt install valgrind gcc libc6-dev"
# A shared object and not a program: the calls to count are Python's to make. The requests are instructions that do
# nothing outside valgrind (its manual, "The Client Request mechanism").
_REQUESTS = """
#include <valgrind/callgrind.h>
int under_valgrind(void) { return RUNNING_ON_VALGRIND; }
void start_counting(void) { CALLGRIND_START_INSTRUMENTATION; }
void stop_counting(void) { CALLGRIND_STOP_INSTRUMENTATION; }
void zero_counts(void) { CALLGRIND_ZERO_STATS; }
void dump_counts(void) { CALLGRIND_DUMP_STATS; }
"""


@dataclasses.dataclass(frozen=True)
class Tools:
    """What was found. `fixed_addresses` is the command that gives every run the same addresses, empty if none can."""

    valgrind: str
    version: str
    compiler: str
    fixed_addresses: tuple[str, ...]


def find_tools() -> Tools:
    """Look for all of them.

    Raises:
        MissingToolError: valgrind or a compiler is missing, or valgrind does not start.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise _missing("needs valgrind, which is not installed")
    compiler = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    if compiler is None:
        raise _missing("needs a C compiler for six lines, and there is no cc, gcc or clang")
    return Tools(valgrind, _version(valgrind), compiler, _fixed_addresses())


def compile_requests(tools: Tools, folder: Path) -> Path:
    """The shared object with the client requests, compiled into a folder.

    Raises:
        MissingToolError: it does not compile: valgrind's headers are missing, or the compiler is broken.
    """
    source, library = folder / "requests.c", folder / "requests.so"
    source.write_text(_REQUESTS)
    command = [tools.compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source)]
    problem = _failure(command)
    if problem is not None:
        raise _missing(f"needs {tools.compiler} to compile valgrind/callgrind.h, but it says: {problem}")
    return library


def _missing(problem: str) -> MissingToolError:
    return MissingToolError(f"simulating caches {problem}", install=_INSTALL)


def _version(valgrind: str) -> str:
    """`3.19.0`; the text is `valgrind-3.19.0`."""
    try:
        done = subprocess.run([valgrind, "--version"], capture_output=True, timeout=LIMIT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise _missing(f"needs valgrind, and {valgrind} --version fails ({type(error).__name__})") from error
    match = re.search(rb"[0-9]+(?:\.[0-9]+)+", done.stdout)
    return match[0].decode() if match else "of an unknown version"


def _fixed_addresses() -> tuple[str, ...]:
    """`setarch -R` switches address randomisation off; containers may forbid it."""
    setarch = shutil.which("setarch")
    if setarch is None or _failure([setarch, "-R", "true"]) is not None:
        return ()
    return (setarch, "-R")


def _failure(command: list[str]) -> str | None:
    """The first line a program says when it fails, None when it does not."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return None if done.returncode == 0 else said[:200] or f"status {done.returncode}"
