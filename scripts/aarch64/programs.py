"""Programs of this machine that the Arm lanes start: whether they are there, and their last words when they fail."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class UnavailableError(Exception):
    """The lane cannot run on this machine. Says what is missing and how to get it."""


def require(packages: Sequence[tuple[str, str]]) -> None:
    """See that programs are installed. Takes pairs of a program and the Debian package that has it.

    Raises:
        UnavailableError: some are not.
    """
    missing = {program: package for program, package in packages if shutil.which(program) is None}
    if missing:
        raise UnavailableError(
            f"{', '.join(missing)} not found: apt-get install {' '.join(dict.fromkeys(missing.values()))}"
        )


def call(command: Sequence[str], *, doing: str, folder: Path | None = None) -> str:
    """Run a program to its end, in a folder or the current one, and return what it printed.

    Raises:
        UnavailableError: it failed; with its last line.
    """
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise UnavailableError(f"{doing} failed ({command[0]}, exit status {done.returncode}): {said}")
    return done.stdout
