"""Runtimes of other packages: entry points of the group `layout_profiler.runtimes`, each of them a `RuntimeInfo`.

Looking for a name reads package metadata alone. Only the entry point of that name is loaded, and it must bring no more
than the `RuntimeInfo`: the engine is imported later, in a worker process.
"""

import importlib.metadata

from profiler.artifacts.records import ArtifactFormat
from profiler.base.errors import OptionError
from profiler.models.workload import KEY
from profiler.runtimes.builtin import BUILT_IN
from profiler.runtimes.info import RuntimeInfo

GROUP = "layout_profiler.runtimes"


def third_party_names() -> tuple[str, ...]:
    """The names that installed packages add, in alphabetical order. Nothing of theirs is imported."""
    return tuple(sorted({point.name for point in _points()} - BUILT_IN.keys()))


def third_party_runtime(name: str) -> RuntimeInfo | None:
    """The runtime that an installed package adds under that name, None if none does.

    Raises:
        OptionError: several packages do, its entry point cannot be loaded, or it is no `RuntimeInfo` of that name.
    """
    found = {(point.value, _origin(point)): point for point in _points() if point.name == name}
    if not found or name in BUILT_IN:
        return None
    if len(found) > 1:
        origins = " and ".join(sorted(origin for _, origin in found))
        raise OptionError(f"the runtime {name[:80]!r} comes from {origins}; uninstall all but one of them")
    (point,) = found.values()
    return _load(point)


def shadowing() -> tuple[str, ...]:
    """A line for every entry point whose name belongs to a built-in runtime. It is never loaded."""
    return tuple(
        f"{_origin(point)} adds a runtime {point.name!r}, which is built in; the built-in one is used"
        for point in _points()
        if point.name in BUILT_IN
    )


def _points() -> list[importlib.metadata.EntryPoint]:
    return list(importlib.metadata.entry_points(group=GROUP))


def _origin(point: importlib.metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def _load(point: importlib.metadata.EntryPoint) -> RuntimeInfo:
    blame = f"the runtime {point.name[:80]!r} of {_origin(point)} cannot be used"
    try:
        info = point.load()
    except Exception as error:  # whatever a stranger's module raises
        reason = str(error).splitlines()[:1] or [""]
        raise OptionError(f"{blame}: {point.value} raises {type(error).__name__}: {reason[0][:200]}") from error
    problem = _problem(info, point.name)
    if problem is not None:
        raise OptionError(f"{blame}: {point.value} {problem}")
    assert isinstance(info, RuntimeInfo)
    return info


def _problem(info: object, name: str) -> str | None:
    """What is wrong with what an entry point holds, None if nothing is."""
    if not isinstance(info, RuntimeInfo):
        return f"is a {type(info).__name__}, not a RuntimeInfo"
    if info.name != name:
        return f"is called {str(info.name)[:80]!r}; entry point and RuntimeInfo must bear the same name"
    if not KEY.fullmatch(name):
        return "bears a name with other characters than a-z, 0-9, '.', '_' and '-', or a longer one than 64"
    read: object = info.format  # whatever a stranger has put there
    if not isinstance(read, ArtifactFormat):
        return f"reads {str(read)[:80]!r}, which is no ArtifactFormat"
    if str(info.location).count(":") != 1:
        return f"has the location {str(info.location)[:80]!r}, which is not 'module:Class'"
    return None
