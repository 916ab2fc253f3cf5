"""Runs programs of an Arm system on this machine: qemu-user translates them, proot shows them their root and files.

Neither needs root rights, nor does the kernel have to know of Arm (binfmt_misc).
"""

import dataclasses
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.aarch64.boards import Board

QEMU = "qemu-aarch64-static"
PROGRAMS = ((QEMU, "qemu-user-static"), ("proot", "proot"))
LIMIT_S = 1800.0


@dataclasses.dataclass(frozen=True)
class Guest:
    """An Arm system: its root, a folder of this machine that it sees, and what of that is on Python's path.

    It sees the folder under the same name, since proot 5.1 does not translate the paths of faccessat2: that system call
    asks for this machine's.
    """

    root: Path
    seen: Path
    packages: tuple[Path, ...]

    def python(self, arguments: Sequence[str], *, board: Board | None) -> "subprocess.CompletedProcess[str]":
        """Run its Python as if on a board; without one, it sees this machine's files."""
        # A place that is missing proot would make, and remove at its end, though another guest may still use it
        for place in (self.seen, Path("/proc"), Path("/sys"), Path("/dev")):
            (self.root / place.relative_to("/")).mkdir(parents=True, exist_ok=True)
        shown = [
            "/dev",
            "/proc",
            str(self.seen),
            *(f"{path}:{name}" for path, name in (board.files() if board else ())),
        ]
        return subprocess.run(
            [
                *("proot", "-q", QEMU, "-r", str(self.root), "-w", "/"),
                *(word for path in shown for word in ("-b", path)),
                *("/usr/bin/python3", *arguments),
            ],
            env={
                "HOME": "/root",
                "LC_ALL": "C.UTF-8",
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": ":".join(map(str, self.packages)),
                "QEMU_CPU": board.cpu if board else "cortex-a72",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
