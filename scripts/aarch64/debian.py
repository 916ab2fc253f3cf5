"""Debian packages for 64-bit Arm, fetched and unpacked without root rights and without touching this machine's own.

apt gets a configuration, lists and a package status of its own, so that it takes itself for an empty Arm machine. It
verifies Debian's signatures as ever. Nothing is installed: packages are unpacked, no script of theirs is run.
"""

import concurrent.futures
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.aarch64.programs import UnavailableError, call, require

RELEASE = "bookworm"  # Raspberry Pi OS of 2023 to 2025 is built on it; its Python is 3.11, the oldest that is supported
PYTHON = "3.11"
KERNEL = "linux-image-arm64"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SOURCES = f"""\
deb [signed-by={KEYRING}] http://deb.debian.org/debian {RELEASE} main
deb [signed-by={KEYRING}] http://deb.debian.org/debian-security {RELEASE}-security main
"""
# This machine's own settings are read before these: its proxy holds, its hooks do not.
CONFIGURATION = """\
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg;
#clear Acquire::GzipIndexes;
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "FOLDER/state";
Dir::State::status "FOLDER/status";
Dir::Cache "FOLDER/cache";
Dir::Etc::sourcelist "FOLDER/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""
USELESS = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian")


def unpack(packages: Sequence[str], folder: Path) -> None:
    """Fetch packages with all they depend on, and unpack them into a folder that becomes the root of a system.

    Raises:
        UnavailableError: apt is missing or cannot fetch them.
    """
    _require()
    with tempfile.TemporaryDirectory() as name:
        apt = _apt(Path(name))
        call([*apt, "install", "--yes", "--download-only", *packages], doing="fetching arm64 packages")
        archives = sorted(Path(name, "cache/archives").glob("*.deb"))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda archive: _unpack(archive, folder), archives))
    for useless in USELESS:
        shutil.rmtree(folder / useless, ignore_errors=True)


def unpack_kernel(folder: Path) -> None:
    """Fetch the kernel of the day and unpack it: kernel, modules and device trees, without what it depends on.

    Raises:
        UnavailableError: apt is missing or cannot fetch it.
    """
    _require()
    with tempfile.TemporaryDirectory() as name:
        apt = _apt(Path(name))
        told = call([*apt, "install", "--yes", "--print-uris", KERNEL], doing="looking for a kernel")
        (newest,) = set(re.findall(r"linux-image-[0-9][0-9.-]*-arm64(?=_)", told))
        call([*apt, "download", newest], doing=f"fetching {newest}", folder=Path(name))
        (archive,) = Path(name).glob("*.deb")
        _unpack(archive, folder)


def _require() -> None:
    require((("apt-get", "apt"), ("dpkg-deb", "dpkg")))
    if not KEYRING.is_file():
        raise UnavailableError(f"{KEYRING} not found: apt-get install debian-archive-keyring")


def _apt(folder: Path) -> list[str]:
    """The command line of an apt-get that knows the packages of the day and nothing of this machine."""
    for inner in ("state/lists/partial", "cache/archives/partial"):
        (folder / inner).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(SOURCES)
    (folder / "apt.conf").write_text(CONFIGURATION.replace("FOLDER", str(folder)))
    apt = ["apt-get", "-c", str(folder / "apt.conf")]
    call([*apt, "update"], doing="reading Debian's lists of packages")
    return apt


def _unpack(archive: Path, folder: Path) -> None:
    call(["dpkg-deb", "-x", str(archive), str(folder)], doing=f"unpacking {archive.name}")
