"""Connects to a board as `ssh HOST` would, without ever asking a question.

Honoured: `~/.ssh/config` (as far as asyncssh knows its options: Host, Match, Include, HostName, User, Port,
IdentityFile, IdentitiesOnly, IdentityAgent, CertificateFile, ProxyJump, ProxyCommand, HostKeyAlias, UserKnownHostsFile,
GlobalKnownHostsFile and others), the agent, and the default keys. Host keys must be known beforehand, whatever
StrictHostKeyChecking says. No password is sent: a key has to be set up.
"""

import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path

from profiler.base.errors import MissingPackageError, OptionError, RemoteError, RemoteLinkError

try:
    import asyncssh
except ModuleNotFoundError as error:
    raise MissingPackageError("asyncssh", extra="remote", needed_for="a board over SSH") from error

CONNECT_LIMIT_S = 20
KEEPALIVE_S = 10  # three without an answer, and the connection counts as lost
_HOST = re.compile(r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]{0,63})@)?(?P<host>[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,253})")
_URL = re.compile(r"ssh://(?P<rest>[^/:]+|[^/@]*@?\[[^/\]]+\])(?::(?P<port>[0-9]{1,5}))?/?")
_KNOWN = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_KNOWN_TO_ALL = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_USUAL_PORT = 22
_MAX_PORT = 65535


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a board is: a name (or one of the SSH configuration), and what the user said of user and port."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host


@dataclasses.dataclass(frozen=True)
class Board:
    """A board that we are connected to."""

    address: Address
    connection: asyncssh.SSHClientConnection


def parse_address(text: str) -> Address:
    """`HOST`, `USER@HOST` or `ssh://USER@HOST:PORT`.

    Raises:
        OptionError: anything else, above all what some program could take for an option or a command.
    """
    url = _URL.fullmatch(text)
    match = _HOST.fullmatch(url["rest"].replace("[", "").replace("]", "") if url else text)
    port = int(url["port"]) if url and url["port"] else None
    if match is None or not (port is None or 0 < port <= _MAX_PORT):
        raise OptionError(
            f"{text[:80]!r} is no host; write HOST, USER@HOST or ssh://USER@HOST:PORT, or a Host of your ~/.ssh/config"
        )
    return Address(match["host"], match["user"], port)


@contextlib.asynccontextmanager
async def connect(address: Address) -> AsyncIterator[Board]:
    """Open a connection, and close it after the block.

    Raises:
        RemoteError: the host key is unknown or changed, no key of ours is accepted, or the configuration is at fault.
        RemoteLinkError: no answer, or the connection was lost: it may be back later.
    """
    options = _options(address)
    client = _Client()
    try:
        connection = await asyncssh.connect(
            address.host, options=options, client_factory=lambda: client, connect_timeout=CONNECT_LIMIT_S
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise RemoteError(_host_key_words(address, client, options, str(error.reason))) from error
    except asyncssh.KeyExchangeFailed as error:
        raise RemoteError(f"{address}: no common way to connect: {error.reason}") from error
    except asyncssh.PermissionDenied as error:
        raise RemoteError(
            f"{address} does not let {options.username} in with any of your keys; open one that has a passphrase with "
            f"ssh-add, or set one up with: ssh-copy-id {address}"
        ) from error
    except (OSError, asyncssh.Error, TimeoutError) as error:
        raise RemoteLinkError(f"{address} cannot be reached: {_words(error)}") from error
    try:
        async with connection:
            yield Board(address, connection)
    except (asyncssh.DisconnectError, asyncssh.ChannelOpenError, ConnectionError) as error:
        raise RemoteLinkError(f"the connection to {address} was lost: {_words(error)}") from error


class _Client(asyncssh.SSHClient):
    """Notes the key that a host showed and nobody vouches for."""

    def __init__(self) -> None:
        self.refused: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.refused = key.get_fingerprint()
        return False


def _options(address: Address) -> asyncssh.SSHClientConnectionOptions:
    chosen: dict[str, object] = {
        "config": (),  # `~/.ssh/config`; without it, none
        "host": address.host,
        "password_auth": False,
        "kbdint_auth": False,
        "gss_auth": False,
        "keepalive_interval": KEEPALIVE_S,
        "agent_forwarding": False,
        "x11_forwarding": False,
    }
    if address.user:
        chosen["username"] = address.user
    if address.port:
        chosen["port"] = address.port
    try:
        asked = asyncssh.SSHClientConnectionOptions(**chosen, client_keys=None)
        if asked.known_hosts is None:  # asyncssh takes `UserKnownHostsFile none` for "trust everyone"
            raise RemoteError(f"your SSH configuration turns the check of host keys off for {address}; it is needed")
        chosen |= {"known_hosts": _known_hosts(asked.known_hosts), **_identities(asked.config)}
        return asyncssh.SSHClientConnectionOptions(**chosen)
    except (ValueError, OSError, asyncssh.Error) as error:
        raise RemoteError(f"your SSH configuration or keys cannot be used: {_words(error)}") from error


def _identities(config: asyncssh.config.SSHConfig) -> dict[str, object]:
    """The keys that the configuration names, as ssh takes them: a file that is not there is no error.

    Of a key that only the agent has, its `.pub` tells which it is.
    """
    names = config.get("IdentityFile")
    if not isinstance(names, list):
        return {}
    files = [Path(name).expanduser() for name in names]
    public = [file if file.suffix == ".pub" else file.with_name(f"{file.name}.pub") for file in files]
    chosen: dict[str, object] = {
        "client_keys": [str(file) for file in files if file.is_file() and file.suffix != ".pub"],
        "ignore_encrypted": True,  # the agent may have it open
    }
    if config.get("IdentitiesOnly"):
        chosen["agent_identities"] = [str(file) for file in public if file.is_file()]
    return chosen


def _known_hosts(asked: object) -> list[str] | bytes:
    """The files with known hosts that there are: those of the configuration, else the usual ones; empty is none."""
    names = [str(name) for name in asked] if isinstance(asked, list) and asked else [*_KNOWN, *_KNOWN_TO_ALL]
    files = [Path(name).expanduser() for name in names]
    return [str(file) for file in files if file.is_file()] or b""


def _host_key_words(
    address: Address, client: _Client, options: asyncssh.SSHClientConnectionOptions, reason: str
) -> str:
    if client.refused is None:
        return f"the host key of {address} cannot be trusted: {reason}"
    port = options.port if options.port and options.port != _USUAL_PORT else None
    name = options.host_key_alias or options.host or address.host
    known, *_ = asyncssh.match_known_hosts(options.known_hosts, name, "", port)
    if known:
        return (
            f"THE HOST KEY OF {address} HAS CHANGED to {client.refused}: another machine answers, or it was installed "
            f"anew; if you know why, forget the old key with: ssh-keygen -R '{f'[{name}]:{port}' if port else name}'"
        )
    return (
        f"nobody vouches for the host key of {address}, {client.refused}; compare it with the board's and accept it "
        f"once with: ssh {f'-p {address.port} ' if address.port else ''}{address}"
    )


def _words(error: BaseException) -> str:
    words = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(words).split())[:200] or type(error).__name__
