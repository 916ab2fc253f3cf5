"""The boards that are emulated, and the files of theirs that are shown in place of this machine's."""

import atexit
import dataclasses
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.build_board_trees import write_trees

# Of /proc what describes the machine: what describes processes must stay that of the kernel that runs them
FILES = (
    "proc/cpuinfo", "proc/device-tree", "proc/loadavg", "proc/meminfo", "proc/swaps", "proc/sys/kernel/arch",
    "proc/sys/kernel/osrelease", "sys",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Board:
    """A Raspberry Pi: the core that qemu-user is to be, and the name of the tree of files to show.

    `has_atomics` tells whether the core has those of Armv8.1, without which some builds of torch die.
    """

    name: str
    cpu: str
    tree_name: str
    has_atomics: bool

    @property
    def tree(self) -> Path:
        """Where its tree lies."""
        return _trees() / self.tree_name

    def files(self) -> Iterator[tuple[Path, str]]:
        """Pairs of a file or folder of the tree and where a program is to see it."""
        for name in FILES:
            if (self.tree / name).exists():
                yield self.tree / name, f"/{name}"


@functools.cache
def _trees() -> Path:
    """A folder of all trees, for as long as this process lives."""
    folder = tempfile.TemporaryDirectory(prefix="board-trees-")
    atexit.register(folder.cleanup)
    write_trees(Path(folder.name))
    return Path(folder.name)


BOARDS = (
    Board("Pi 3", "cortex-a53", "pi3b", has_atomics=False),
    Board("Pi 4", "cortex-a72", "pi4-64bit", has_atomics=False),
    Board("Pi 5", "cortex-a76", "pi5", has_atomics=True),
)
