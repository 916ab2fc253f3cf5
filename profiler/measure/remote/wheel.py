"""A wheel of this very copy of the program, made from what is imported: an installation, an editable one, a checkout.

The board gets exactly what this computer runs, without an index, a build or the network. The bytes depend on the files
alone, so that their hash says whether a board has them already.
"""

import base64
import csv
import hashlib
import importlib.metadata
import importlib.resources
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from profiler.base.errors import RemoteError

DISTRIBUTION = "layout-profiler"
CONSTRAINTS = "constraints.txt"
EDITABLE = "editables"  # what hatchling has an editable install require beside what the project does
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = b"Wheel-Version: 1.0\nGenerator: layout-profiler\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_ENTRY_POINTS = b"[console_scripts]\nlayout-profiler = profiler.commands:main\n"


def wheel_name() -> str:
    """The file name of the wheel, which says its version."""
    return f"layout_profiler-{_distribution().version}-py3-none-any.whl"


def make_wheel() -> bytes:
    """The bytes of the wheel.

    Raises:
        RemoteError: this copy was never installed, so that nobody knows what it requires.
    """
    info = f"layout_profiler-{_distribution().version}.dist-info"
    files = dict(sorted(_package_files()))
    files |= {
        f"{info}/METADATA": _metadata(),
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": _ENTRY_POINTS,
    }
    record = io.StringIO()
    writer = csv.writer(record, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(content)))
    writer.writerow((f"{info}/RECORD", "", ""))
    files[f"{info}/RECORD"] = record.getvalue().encode()
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return wheel.getvalue()


def read_constraints() -> bytes:
    """The versions this program is tested with: a wheel carries them in its package, a checkout beside it.

    Raises:
        RemoteError: neither is there.
    """
    for path in (_folder("profiler") / CONSTRAINTS, _folder("profiler").parent / CONSTRAINTS):
        if path.is_file():
            return path.read_bytes()
    raise RemoteError(f"this installation carries no {CONSTRAINTS}; install it anew")


def read_requirements() -> list[str]:
    """What the base install requires, as pip takes it."""
    requirements = _distribution().requires or []
    return [line for line in requirements if not re.search(rf"^{EDITABLE}\b|;.*\bextra\b", line)]


def _package_files() -> Iterator[tuple[str, bytes]]:
    for package, root in (("profiler", _folder("profiler")), ("profiler/models", _folder("profiler.models"))):
        for path in root.rglob("*"):  # does not follow the link by which a checkout has its models
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{package}/{path.relative_to(root).as_posix()}", path.read_bytes()
    yield f"profiler/{CONSTRAINTS}", read_constraints()


def _metadata() -> bytes:
    text = _distribution().read_text("METADATA")
    if text is None:
        raise RemoteError(f"this copy of {DISTRIBUTION} has no metadata; install it: pip install .")
    return re.sub(rf"^Requires-Dist: {EDITABLE}\b.*\n", "", text.replace("\r\n", "\n"), flags=re.MULTILINE).encode()


def _distribution() -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError as error:
        raise RemoteError(f"this copy of {DISTRIBUTION} was never installed; install it: pip install .") from error


def _folder(package: str) -> Path:
    return Path(str(importlib.resources.files(package)))
