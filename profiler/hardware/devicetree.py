"""The board's name from `/proc/device-tree`: NUL-terminated strings. Serial numbers in it are not read."""

from pathlib import Path

from profiler.hardware.source import read_bytes, read_text
from profiler.records import Board, Fact

_FOLDER = "proc/device-tree"
_MAX_STRINGS = 32


def capture_board(root: Path) -> Board:
    """Model and compatible strings; from DMI on PCs; unknown in most containers, where the kernel hides both."""
    model = read_text(root / _FOLDER / "model")
    compatible = (read_bytes(root / _FOLDER / "compatible") or b"").decode("utf-8", "replace")
    fact = Fact(value=model, source="/proc/device-tree/model", raw=model) if model else _dmi(root)
    return Board(model=fact, compatible=tuple(part for part in compatible.split("\0") if part)[:_MAX_STRINGS])


def _dmi(root: Path) -> Fact[str]:
    folder = root / "sys/class/dmi/id"
    words = [text for name in ("sys_vendor", "product_name") if (text := read_text(folder / name))]
    if not words:
        return Fact(value=None, source="unknown")
    return Fact(value=" ".join(words), source="/sys/class/dmi/id", raw=", ".join(words))
