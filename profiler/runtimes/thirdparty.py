"""Runtimes of other packages: entry points of the group `layout_profiler.runtimes`, each of them a `RuntimeInfo`."""

from profiler.artifacts.formats import format_names
from profiler.base.plugins import Plugins
from profiler.models.workload import KEY
from profiler.runtimes.builtin import BUILT_IN, RUNTIMES
from profiler.runtimes.info import RuntimeInfo


def _problem(info: RuntimeInfo) -> str | None:
    """What is wrong with a stranger's record, None if nothing is."""
    known = format_names()
    if info.format not in known:
        return f"reads {str(info.format)[:80]!r}, which is no file format; there are {', '.join(known)}"
    if str(info.location).count(":") != 1:
        return f"has the location {str(info.location)[:80]!r}, which is not 'module:Class'"
    return None


PLUGINS = Plugins(
    group="layout_profiler.runtimes",
    noun="runtime",
    record=RuntimeInfo,
    built_in=BUILT_IN,
    shown=tuple(info.name for info in RUNTIMES),
    name_pattern=KEY,
    problem=_problem,
)
