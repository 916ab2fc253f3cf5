"""What an emulated board says on its serial console: command by command, and the files it hands over."""

import base64
import dataclasses
import gzip
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Command:
    """What a command printed, its exit status, and how long it took by the board's clock."""

    output: str
    status: int
    elapsed_s: float


@dataclasses.dataclass(frozen=True)
class Told:
    """All that was said. `is_whole` is False if the board fell silent before its end."""

    commands: dict[str, Command]
    files: dict[str, bytes]
    is_whole: bool


def parse_console(lines: Iterable[str]) -> Told:
    """Take apart what `init.py` prints. Lines of the kernel may stand between commands."""
    commands: dict[str, Command] = {}
    files: dict[str, bytes] = {}
    kept: list[str] = []
    for raw in lines:
        line = raw.rstrip("\r\n")
        words = line.split()
        if line.startswith(("== begin ", "== file ")):
            kept = []
        elif line.startswith("== end of "):
            files[words[3]] = gzip.decompress(base64.b64decode("".join(kept)))
        elif line.startswith("== end "):
            commands[words[2]] = Command("\n".join(kept), int(words[3]), float(words[4]))
        elif line == "== done":
            return Told(commands, files, is_whole=True)
        else:
            kept.append(line)
    return Told(commands, files, is_whole=False)
