"""Versions of the Python and the libraries that take part, read from package metadata: nothing is imported."""

import importlib.metadata
import platform

PACKAGES = ("numpy", "onnxruntime", "torch", "onnx", "onnxscript", "numba", "msgspec", "psutil", "layout-profiler")


def capture_software() -> dict[str, str]:
    """Name to version of what is installed."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
