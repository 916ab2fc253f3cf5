"""Installs this program on a board, once: its own wheel from here, and what it needs from an index or a wheelhouse."""

import dataclasses
import hashlib
import re
import shlex
from pathlib import Path

import msgspec

from profiler.base.death import harmless
from profiler.base.errors import OptionError, RemoteError
from profiler.base.files import sha256_of
from profiler.base.record import Record
from profiler.measure.remote.check import BoardCheck
from profiler.measure.remote.connect import Board
from profiler.measure.remote.messages import PythonFound, RunOutcome
from profiler.measure.remote.talk import SentFile, ask_script, tar_chunks
from profiler.measure.remote.wheel import CONSTRAINTS, make_wheel, read_constraints, read_requirements, wheel_name

LIMIT_S = 3600.0  # where a wheel has to be built
_MAX_WHEELS = 1000
_BITS = 32


@dataclasses.dataclass(frozen=True)
class Tool:
    """This program as it is to be installed: what to send, and the key by which a board knows that it has it."""

    key: str
    files: tuple[SentFile, ...]
    is_offline: bool

    @property
    def size_bytes(self) -> int:
        """How many bytes are sent to the board."""
        return sum(file.size_bytes for file in self.files)


@dataclasses.dataclass(frozen=True)
class Installed:
    """This program on a board: the folder of ours there, and the key of the tool in it."""

    base: str
    key: str

    def command(self, name: str, job: Record) -> list[str]:
        """The command that has a module of `onboard` do a job there."""
        python = f"{self.base}/tools/{self.key}/venv/bin/python"
        return [python, "-P", "-m", "profiler.measure.remote.onboard", name, msgspec.json.encode(job).decode()]


def prepare(python: PythonFound, wheelhouse: Path | None) -> Tool:
    """Gather what that Python is to get.

    Raises:
        OptionError: the wheelhouse holds no wheels, or one that cannot be read.
        RemoteError: no wheel can be made of this program.
    """
    files = [SentFile(wheel_name(), make_wheel())]
    if wheelhouse is None:
        files.append(SentFile(CONSTRAINTS, read_constraints()))
    else:  # what lies there is what its owner chose
        files += [SentFile(path.name, path) for path in _wheels(wheelhouse)]
    digest = hashlib.sha256(repr((python.path, python.version)).encode())
    for file in files:
        digest.update(file.name.encode() + b"\0")
        digest.update(file.content if isinstance(file.content, bytes) else _sha256(file.content))
    return Tool(digest.hexdigest()[:16], tuple(files), is_offline=wheelhouse is not None)


async def install(board: Board, checked: BoardCheck, python: PythonFound, tool: Tool) -> Installed:
    """Install this program on a board, unless that was done before.

    Raises:
        RemoteError: pip failed; says what is likely missing.
        RemoteLinkError: the connection was lost; what was begun there is made anew.
    """
    facts = checked.facts
    is_32_on_64 = facts.bits == _BITS and facts.machine in ("aarch64", "x86_64") and facts.has_linux32
    job = {"base": facts.base, "key": tool.key, "wheel": tool.files[0].name, "offline": tool.is_offline,
           "linux32": is_32_on_64}  # fmt: skip
    outcome = await ask_script(
        board, python.path, "install", job, RunOutcome, data=tar_chunks(tool.files), limit_s=LIMIT_S
    )
    if outcome.error is not None:
        raise RemoteError(
            f"{board.address} cannot install the program: {_advise(outcome.error, checked, python, tool)}"
        )
    return Installed(facts.base, tool.key)


def download_command(checked: BoardCheck, python: PythonFound) -> str:
    """What fills a folder `wheelhouse` for this board on a computer that has the network."""
    glibc = re.fullmatch(r"glibc (\d{1,3})\.(\d{1,3}).*", checked.facts.libc)
    newest = int(glibc[2]) if glibc and glibc[1] == "2" else 28
    machine = "armv7l" if checked.facts.bits == _BITS else re.sub(r"\W", "", checked.facts.machine)
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in (17, 24, 26, 27, 28, 31, 34) if minor <= newest]
    platforms += [f"manylinux2014_{machine}", f"linux_{machine}"]
    words = ["pip", "download", "-d", "wheelhouse", "--only-binary=:all:"]
    words += ["--python-version", ".".join(map(str, python.version[:2]))]
    words += [word for platform in platforms for word in ("--platform", platform)]
    names = [re.split(r"\s*;", requirement)[0] for requirement in read_requirements()]
    has_onnxruntime = checked.facts.bits != _BITS
    return shlex.join([*words, *(name for name in names if has_onnxruntime or not name.startswith("onnxruntime"))])


def _advise(problem: str, checked: BoardCheck, python: PythonFound, tool: Tool) -> str:
    words = harmless(problem[:180])
    if "No space left" in problem:
        return f"{words}; its disk is full: free some space, or name a folder on another disk with --remote-dir"
    if "certificate" in problem.lower() and checked.has_wrong_clock:
        return f"{words}; its clock is wrong, so that no certificate holds: sudo timedatectl set-ntp on"
    if tool.is_offline:
        return f"{words}; fill the wheelhouse for it with: {download_command(checked, python)}"
    return f"{words}; if it is offline, add --wheelhouse wheelhouse, filled with: {download_command(checked, python)}"


def _sha256(wheel: Path) -> bytes:
    try:
        return sha256_of(wheel).encode()
    except OSError as error:
        raise OptionError(f"the wheel {wheel} cannot be read: {error.strerror}") from error


def _wheels(folder: Path) -> list[Path]:
    try:
        wheels = sorted(path for path in folder.iterdir() if path.suffix == ".whl" and path.is_file())
    except OSError as error:
        raise OptionError(f"the wheelhouse {folder} cannot be read: {error.strerror}") from error
    if not 0 < len(wheels) <= _MAX_WHEELS:
        raise OptionError(f"the wheelhouse {folder} holds {len(wheels)} wheels; fill it with: pip download -d {folder}")
    return wheels
