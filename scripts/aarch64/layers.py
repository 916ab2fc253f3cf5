"""The parts of an Arm system, each a folder in a cache that is made once: Debian, wheels, kernel.

A folder's name has the hash of what it was made from; one that is there is whole, since it gets its name when it is
done. Whatever is not used any more can be deleted.
"""

import dataclasses
import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

from scripts.aarch64 import debian, wheels

# util-linux and coreutils for what people call beside Python on a board, lscpu among it
PACKAGES = (f"python{debian.PYTHON}", "libstdc++6", "util-linux", "coreutils", "dash", "grep")


@dataclasses.dataclass(frozen=True)
class Layers:
    """Where the parts lie, and makes those that are missing."""

    cache: Path

    @classmethod
    def in_folder(cls, folder: Path | None) -> "Layers":
        """In that folder, which is made, or in the user's cache."""
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = (folder or base / "layout-profiler-aarch64").resolve()
        cache.mkdir(parents=True, exist_ok=True)
        return cls(cache)

    def system(self) -> Path:
        """The root of a small Debian with Python."""
        return self._layer("debian", f"{debian.SOURCES} {PACKAGES}", _make_system)

    def base(self) -> Path:
        """The wheels of a base install, as pinned."""
        needed = _base_requirements()
        return self._layer("base", f"{needed} {_pins()}", lambda folder: wheels.install(needed, folder))

    def torch(self, version: str | None = None) -> Path:
        """The wheels of torch: as pinned for Arm, or of another version."""
        if version is None:
            return self._layer("torch", _pins(), lambda folder: wheels.install(["torch"], folder))
        wanted = [f"torch=={version}"]
        return self._layer(f"torch-{version}", version, lambda folder: wheels.install(wanted, folder, is_pinned=False))

    def kernel(self) -> Path:
        """Debian's kernel, its modules and device trees."""
        return self._layer("kernel", debian.SOURCES, debian.unpack_kernel)

    def _layer(self, name: str, recipe: str, make: Callable[[Path], None]) -> Path:
        folder = self.cache / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
        if folder.is_dir():
            return folder
        partial = Path(tempfile.mkdtemp(prefix=f"{name}-partial-", dir=self.cache))
        try:
            partial.chmod(0o755)
            make(partial)
            if not folder.is_dir():  # another lane may have been faster
                partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return folder


def _make_system(folder: Path) -> None:
    debian.unpack(PACKAGES, folder)
    (folder / "usr/bin/python3").unlink(missing_ok=True)
    (folder / "usr/bin/python3").symlink_to(f"python{debian.PYTHON}")


def _base_requirements() -> list[str]:
    project = tomllib.loads((wheels.ROOT / "pyproject.toml").read_text())
    return list(project["project"]["dependencies"])


def _pins() -> str:
    return (wheels.ROOT / "constraints.txt").read_text()
