"""py-cpuinfo, for a name and flags where Linux's files give none (macOS, Windows). Never for caches or clocks.

Its cache sizes are sums over cores, sometimes text; its clock is never the actual one; it takes over a second and can
fail in many ways. So it runs in a child process with a time limit.
"""

from typing import Any

import msgspec

from profiler.base.death import ChildError
from profiler.base.process import ask_once, python_command
from profiler.machine.records import Fact

SOURCE = "py-cpuinfo"
LIMIT_S = 20.0
_PROGRAM = """
import sys
import cpuinfo
sys.argv[1:] = ["--json"]
cpuinfo.main()
"""


class _Answer(msgspec.Struct, frozen=True):
    """What is taken of all that it prints."""

    brand_raw: Any = None
    flags: Any = None


def capture_brand() -> tuple[Fact[str], Fact[tuple[str, ...]]]:
    """Brand and flags of the running machine, unknown if py-cpuinfo fails."""
    try:
        found = ask_once(python_command(_PROGRAM), None, _Answer, limit_s=LIMIT_S, environment={})
    except ChildError:
        found = _Answer()
    return (
        Fact(value=found.brand_raw if isinstance(found.brand_raw, str) else None, source=SOURCE),
        Fact(value=tuple(map(str, found.flags)) if isinstance(found.flags, list) else None, source=SOURCE),
    )
