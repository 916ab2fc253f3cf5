"""Wheels for 64-bit Arm, as pip would install them there: the versions that constraints.txt pins for that machine."""

import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.aarch64.debian import PYTHON
from scripts.aarch64.programs import call

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = ("manylinux2014", *(f"manylinux_2_{minor}" for minor in (17, 24, 26, 27, 28, 31, 34)))
# pip takes wheels for another machine, but asks this one for `platform_machine`, on which requirements depend
_PIP = """
import platform, runpy, sys
platform.machine = lambda: "aarch64"
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def install(requirements: Sequence[str], folder: Path, *, is_pinned: bool = True) -> None:
    """Install wheels for Arm with all they need into a folder for `PYTHONPATH`.

    Raises:
        UnavailableError: pip cannot fetch one.
    """
    platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_aarch64")]
    kind = ["--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp", *platforms]
    pins = ["--constraint", str(ROOT / "constraints.txt")] if is_pinned else []
    call(
        [sys.executable, "-c", _PIP, *_install(folder), *kind, *pins, *requirements],
        doing=f"fetching {', '.join(requirements)} for Arm",
    )


def install_project(folder: Path) -> None:
    """Build this project's wheel and install it alone.

    Raises:
        UnavailableError: it cannot be built.
    """
    call([sys.executable, "-m", "pip", *_install(folder), "--no-deps", str(ROOT)], doing="building the project's wheel")


def _install(folder: Path) -> list[str]:
    return ["install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
