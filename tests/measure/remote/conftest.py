"""What tests of boards over SSH share: a real server, the wheels for it, a small bundle and a long one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from profiler.models.suite import parse_suite
from tests.measure.remote.sshd import NoServerError, Server, fill_wheelhouse, running_server

SUITE = b"""
name = "small"
batches = [1]
[[linear]]
in_features = 24
out_features = 40
"""


@pytest.fixture(scope="module")  # no longer: other tests look for processes that were left over
def _server() -> Iterator[Server]:
    try:
        with running_server() as server:
            yield server
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture
def server(_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, trusted, from a home folder of its own and without this user's agent."""
    monkeypatch.setenv("HOME", str(_server.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    _server.trust()
    return _server


@pytest.fixture(scope="module")
def wheelhouse(_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of a base install for the board."""
    folder = tmp_path_factory.mktemp("wheels")
    home = os.environ.get("HOME")
    os.environ["HOME"] = str(_server.home)
    try:
        _server.trust()
        fill_wheelhouse(_server, folder)
    except NoServerError as error:
        pytest.skip(str(error))
    finally:
        os.environ.pop("HOME") if home is None else os.environ.update(HOME=home)
    return folder / "wheelhouse"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of one layer as arrays. Not to be changed."""
    from profiler.artifacts.build import export_bundle

    folder = tmp_path_factory.mktemp("small") / "bundle"
    workloads = parse_suite(SUITE, source="small").workloads()
    export_bundle(workloads, folder, suite="small", formats=("arrays",))
    return folder
