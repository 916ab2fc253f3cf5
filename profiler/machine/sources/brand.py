"""py-cpuinfo, for a name and flags where Linux's files give none (macOS, Windows). Never for caches or clocks.

Its cache sizes are sums over cores, sometimes text; its clock is never the actual one; it takes over a second and can
fail in many ways. So it runs in a child process with a time limit.
"""

import json
import subprocess
import sys

from profiler.machine.records import Fact

SOURCE = "py-cpuinfo"
LIMIT_S = 20.0


def capture_brand() -> tuple[Fact[str], Fact[tuple[str, ...]]]:
    """Brand and flags of the running machine, unknown if py-cpuinfo fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cpuinfo", "--json"], capture_output=True, timeout=LIMIT_S, check=True
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError, RecursionError):
        found = {}
    brand = found.get("brand_raw") if isinstance(found, dict) else None
    flags = found.get("flags") if isinstance(found, dict) else None
    return (
        Fact(value=brand if isinstance(brand, str) else None, source=SOURCE),
        Fact(value=tuple(map(str, flags)) if isinstance(flags, list) else None, source=SOURCE),
    )
