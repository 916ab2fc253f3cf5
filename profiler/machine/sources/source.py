"""Reading small text files that may be missing, forbidden, huge or garbage."""

from pathlib import Path

MAX_BYTES = 4_000_000
MAX_NAME = 200


def read_text(path: Path) -> str | None:
    """The stripped text of a file, None if it cannot be read. Bytes that are no UTF-8 are replaced."""
    data = read_bytes(path)
    return None if data is None else data.decode("utf-8", "replace").strip("\0 \t\r\n")


def read_name(path: Path) -> str | None:
    """The first line of a file that should hold a name, cut to a sane length; None if it cannot be read."""
    text = read_text(path)
    return text.splitlines()[0][:MAX_NAME] if text else text


def read_bytes(path: Path) -> bytes | None:
    """The first bytes of a file, None if it cannot be read."""
    try:
        if not path.is_file():  # a pipe or device in a recorded tree would block
            return None
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None


def read_int(path: Path) -> int | None:
    """The whole number in a file, None if there is none."""
    return parse_int(read_text(path))


def parse_int(text: str | None, base: int = 10) -> int | None:
    """A whole number of sane length, None if the text is none. Only what kernels write: no `1_0`, no other digits."""
    if text is None or not text.isascii() or "_" in text or len(text) > 20:  # noqa: PLR2004 - 64 bits have 20 digits
        return None
    try:
        return int(text, base)
    except ValueError:
        return None


def exists(path: Path) -> bool:
    """Whether something lies at the path, as far as can be seen."""
    try:
        return path.exists()
    except (OSError, ValueError, RuntimeError):  # forbidden, a NUL in the name, a loop of links
        return False


def is_file(path: Path) -> bool:
    """Whether a plain file lies at the path, as far as can be seen."""
    try:
        return path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder lies at the path, as far as can be seen."""
    try:
        return path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def list_folder(path: Path, pattern: str) -> list[Path]:
    """The entries of a folder that match, in natural order; empty if it cannot be read."""
    try:
        return sorted(path.glob(pattern), key=lambda entry: (len(entry.name), entry.name))
    except (OSError, RuntimeError):
        return []
