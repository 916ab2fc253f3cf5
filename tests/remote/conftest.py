"""A real OpenSSH server on the loopback: own port, keys, user and client configuration; gone with the tests."""

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
import pytest

SSHD = "/usr/sbin/sshd"
WAIT_S = 20.0
# What a base install requires, as small as it can be: this machine's own wheels
_DOWNLOAD = ("pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:")


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
        pytest.fail(f"sshd did not start: {log.read_text()}")

    def cut(self) -> int:
        """End all connections, as a cable that is pulled: the server's processes go, what they started stays."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        sessions = [child for child in children if child.name().startswith("sshd")]
        for session in sessions:
            with contextlib.suppress(psutil.NoSuchProcess):
                session.kill()
        return len(sessions)

    def stop(self) -> None:
        self.cut()
        assert self.process is not None
        self.process.terminate()
        self.process.wait()

    def key_of_host(self, name: str = "host") -> str:
        kind, key, *_ = (self.folder / f"{name}.pub").read_text().split()
        return f"{kind} {key}"

    def trust(self, key: str | None = None) -> None:
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key or self.key_of_host()}\n")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server. Skipped with a reason where it cannot be had."""
    if not Path(SSHD).exists() or shutil.which("ssh-keygen") is None:
        pytest.skip("there is no OpenSSH server here: apt install openssh-server")
    python = _board_python()
    # pytest keeps its own folders from other users
    with tempfile.TemporaryDirectory(prefix="board-") as name, _user(Path(name)) as (user, user_home):
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


@pytest.fixture(scope="session")
def wheelhouse(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of a base install for the board's Python, from the index that this machine uses."""
    from profiler.remote.wheel import read_requirements

    folder = tmp_path_factory.mktemp("wheelhouse")
    version = subprocess.check_output([server.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    constraints = Path(__file__).parents[2] / "constraints.txt"
    command = [sys.executable, "-m", *_DOWNLOAD, "--python-version", version.decode().strip(), "-d", str(folder)]
    command += ["-c", str(constraints), *(line.split(";")[0] for line in read_requirements())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the wheels of a base install cannot be had here: {done.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, trusted, from a home folder of its own and without this user's agent."""
    monkeypatch.setenv("HOME", str(server.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    server.trust()
    return server


def _board_python() -> str:
    """A Python that another user can start and that makes environments: the system's, or the one on the path."""
    question = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
    for python in ("/usr/bin/python3", shutil.which("python3") or "python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([python, "-I", "-c", question], capture_output=True, check=False).returncode == 0:
                return python
    pytest.skip("the system's python3 is older than 3.11 or cannot make environments: apt install python3-venv")


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
    folder, ssh = server.folder, server.home / ".ssh"
    for name in ("host", "other_host", "client/.ssh/id_ed25519", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    authorized = folder / "authorized_keys"
    authorized.write_bytes((ssh / "id_ed25519.pub").read_bytes())
    authorized.chmod(0o644)
    environment = f"HOME={server.user_home}" if os.getuid() else "A_BOARD=1"
    server.user_home.mkdir(exist_ok=True)
    (folder / "sshd_config").write_text(
        f"""
        Port {server.port}
        ListenAddress 127.0.0.1
        HostKey {folder / "host"}
        AuthorizedKeysFile {authorized}
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        StrictModes no
        UsePAM no
        PidFile none
        MaxStartups 100
        SetEnv {environment}
        """
    )
    (ssh / "config").write_text("Include more\n")
    (ssh / "more").write_text(
        f"""
        Host board
          HostName 127.0.0.1
          Port {server.port}
          User {server.user}
          IdentityFile {ssh / "id_ed25519"}
        """
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def on_board(server: Server, *command: str) -> str:
    """What a command prints as the board's user, past our own code."""
    words = shlex.join(command)
    if os.getuid() == 0:
        return subprocess.check_output(["runuser", "-u", server.user, "--", "sh", "-c", words], text=True)
    return subprocess.check_output(["sh", "-c", words], text=True)
