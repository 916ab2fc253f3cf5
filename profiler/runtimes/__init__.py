"""Runtimes: one module each behind one small protocol, and the table that names them. Importing this imports none.

Other packages add their own by an entry point, which `thirdparty` looks for.
"""

from profiler.runtimes.builtin import BUILT_IN, DEFAULT_RUNTIMES, RUNTIMES, SCRIPTED
from profiler.runtimes.info import RuntimeInfo
from profiler.runtimes.protocol import LoadedModel, Runtime

__all__ = ["DEFAULT_RUNTIMES", "RUNTIMES", "SCRIPTED", "LoadedModel", "Runtime", "RuntimeInfo", "runtime_info"]


def runtime_info(name: str) -> RuntimeInfo:
    """The runtime of that name, built in or of another installed package.

    Raises:
        OptionError: there is none, or the package that adds it is broken.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    # Imported here, and asked last: a run of built-in runtimes reads no package metadata for it
    from profiler.runtimes.thirdparty import PLUGINS

    return PLUGINS.find(name)
