"""A real OpenSSH server on the loopback: own port, keys, user and client configuration; gone afterwards."""

import asyncio
import contextlib
import dataclasses
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from profiler.measure.remote.check import check, choose_python
from profiler.measure.remote.connect import connect, parse_address
from profiler.measure.remote.install import download_command

SSHD = "/usr/sbin/sshd"
WAIT_S = 20.0


@dataclasses.dataclass
class Server:
    """A running sshd, whom it lets in, and the client's side: the folder that is its home."""

    folder: Path
    home: Path
    user: str
    user_home: Path
    port: int
    python: str
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def user_id(self) -> int:
        return pwd.getpwnam(self.user).pw_uid

    @property
    def known_hosts(self) -> Path:
        return self.home / ".ssh" / "known_hosts"

    def restart(self) -> None:
        """End the server with all its connections, and start it again on the same port."""
        self.stop()
        self.start()

    def start(self) -> None:
        log = self.folder / "sshd.log"
        self.process = subprocess.Popen([SSHD, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(log)])
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.02)
        raise NoServerError(f"sshd did not start: {log.read_text()}")

    def cut(self) -> int:
        """End all connections, as a cable that is pulled: the server's processes go, what they started stays."""
        if self.process is None:
            return 0
        children = psutil.Process(self.process.pid).children(recursive=True)
        sessions = [child for child in children if child.name().startswith("sshd")]
        for session in sessions:
            with contextlib.suppress(psutil.NoSuchProcess):
                session.kill()
        return len(sessions)

    def stop(self) -> None:
        self.cut()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def key_of_host(self, name: str = "host") -> str:
        kind, key, *_ = (self.folder / f"{name}.pub").read_text().split()
        return f"{kind} {key}"

    def trust(self, key: str | None = None) -> None:
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key or self.key_of_host()}\n")


class NoServerError(Exception):
    """Why none can be had here."""


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """The server.

    Raises:
        NoServerError: something is missing here; says what.
    """
    if not Path(SSHD).exists() or shutil.which("ssh-keygen") is None:
        raise NoServerError("there is no OpenSSH server here: apt install openssh-server")
    python = _board_python()
    # Not a folder of pytest's, which keeps other users out; in memory where programs may be started from there
    memory = Path("/dev/shm")
    fits = memory.is_dir() and os.access(memory, os.W_OK) and not os.statvfs(memory).f_flag & os.ST_NOEXEC
    with (
        tempfile.TemporaryDirectory(prefix="board-", dir=memory if fits else None) as name,
        _user(Path(name)) as (user, user_home),
    ):
        folder = Path(name)
        folder.chmod(0o711)
        home = folder / "client"
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        server = Server(folder, home, user, user_home, _free_port(), python)
        _write_configuration(server)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def fill_wheelhouse(server: Server, folder: Path) -> None:
    """The wheels of a base install for the board, by the command that the program says to use.

    Raises:
        NoServerError: the index has none, or cannot be reached.
    """

    async def ask() -> str:
        async with connect(parse_address("board")) as board:
            checked = await check(board, python=server.python)
            return download_command(checked, choose_python(checked, "board"))

    pip, *words = shlex.split(asyncio.run(ask()))
    constraints = Path(__file__).parents[3] / "constraints.txt"
    command = [sys.executable, "-m", pip, *words, "--quiet", "--constraint", str(constraints)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise NoServerError(f"the wheels of a base install cannot be had here: {done.stderr.strip().splitlines()[-1]}")


def _board_python() -> str:
    """A Python that another user can start and that makes environments: the system's, or the one on the path."""
    question = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
    for python in ("/usr/bin/python3", shutil.which("python3") or "python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([python, "-I", "-c", question], capture_output=True, check=False).returncode == 0:
                return python
    raise NoServerError("the system's python3 is older than 3.11 or cannot make environments: apt install python3-venv")


@contextlib.contextmanager
def _user(folder: Path) -> Iterator[tuple[str, Path]]:
    """A user of its own where we may make one, else whoever runs the tests."""
    if os.getuid() != 0:
        yield pwd.getpwuid(os.getuid()).pw_name, folder / "board"
        return
    home, user = folder / "board", f"board{os.getpid()}"
    add = ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/bash", "--password", "*", user]
    subprocess.run(add, check=True, capture_output=True)
    try:
        yield user, home
    finally:
        for process in psutil.process_iter(["username"]):
            if process.info["username"] == user:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        subprocess.run(["userdel", "--force", user], capture_output=True, check=False)


def _write_configuration(server: Server) -> None:
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder, ssh = server.folder, server.home / ".ssh"
    for name in ("host", "other_host", "client/.ssh/id_ed25519", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    authorized = folder / "authorized_keys"
    authorized.write_bytes((ssh / "id_ed25519.pub").read_bytes())
    authorized.chmod(0o644)
    environment = f"HOME={server.user_home}" if os.getuid() else "A_BOARD=1"
    server.user_home.mkdir(exist_ok=True)
    configuration = folder / "sshd_config"
    configuration.write_text(
        f"""
        Port {server.port}
        ListenAddress 127.0.0.1
        HostKey {folder / "host"}
        AuthorizedKeysFile {authorized}
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        StrictModes no
        AllowUsers {server.user}
        UsePAM no
        PidFile none
        MaxStartups 100
        SetEnv {environment}
        """
    )
    asked = [SSHD, "-T", "-f", str(configuration), "-o", "PerSourcePenalties=no"]
    if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
        with configuration.open("a") as file:  # a newer server keeps a host away whose connections break
            file.write("PerSourcePenalties no\n")
    (ssh / "config").write_text("Include more\n")
    (ssh / "more").write_text(
        f"""
        Host board
          HostName 127.0.0.1
          Port {server.port}
          User {server.user}
          IdentityFile {ssh / "id_ed25519"}
        Host behind
          HostName 127.0.0.1
          Port {server.port}
          User {server.user}
          ProxyJump board
        """
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
