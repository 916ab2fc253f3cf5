"""Fixtures that many tests share: a real bundle, and a run of the command line inside this process."""

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profiler.artifacts.bundle import MANIFEST_NAME
from profiler.commands import main
from profiler.models.suite import parse_suite
from profiler.runtimes.scripted import VARIABLE
from tests.machine.trees import FOLDER_VARIABLE

SUITE = b"""
name = "tiny"
batches = [1, [5, 3]]
[[network]]
name = "iris"
widths = [4, 7, 3]
hidden = "tanh"
output = "log_softmax"
[[linear]]
in_features = 24
out_features = 40
"""


@dataclasses.dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


Cli = Callable[..., Outcome]


def pytest_configure(config: pytest.Config) -> None:
    """One folder for the boards' trees of a whole test run, which workers inherit; and Ctrl-C as a shell leaves it.

    A shell's background job starts with Ctrl-C ignored, and so would all it starts: the tests send it on purpose.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="board-trees-")
        Path(os.environ[FOLDER_VARIABLE]).chmod(0o755)  # some tests read as nobody


def pytest_unconfigure(config: pytest.Config) -> None:
    """Workers are gone by now."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[FOLDER_VARIABLE])


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What runs measure of this machine is kept for all tests together, and apart from the user's own."""
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command as a user would; returns exit status, standard output and standard error."""

    def run(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        assert isinstance(caught.value.code, int)
        return Outcome(caught.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def refused(cli: Cli) -> Callable[..., str]:
    """Runs a command that must be refused with one clear line; returns the line."""

    def run(*arguments: object) -> str:
        outcome = cli(*arguments)
        assert outcome.status == 2, outcome
        lines = outcome.err.strip().splitlines()
        assert "Traceback" not in outcome.err
        assert outcome.out == ""
        return lines[-1]

    return run


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real bundle in all formats and forms. Not to be changed: see `bundle`."""
    from profiler.artifacts.build import export_bundle

    folder = tmp_path_factory.mktemp("exported") / "bundle"
    export_bundle(parse_suite(SUITE, source="tiny").workloads(), folder, suite="tiny")
    return folder


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of that bundle to do anything with."""
    folder = tmp_path / "bundle"
    shutil.copytree(exported, folder)
    assert (folder / MANIFEST_NAME).is_file()
    return folder


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the scripted runtime does."""

    def write(**fields: object) -> None:
        monkeypatch.setenv(VARIABLE, json.dumps(fields))

    return write


def replace_file(bundle: Path, name: str, content: bytes) -> None:
    """Put other content into a bundle and make the manifest's hash fit, as a forger would."""
    (bundle / name).write_bytes(content)
    manifest = json.loads((bundle / MANIFEST_NAME).read_text())
    entries = [*manifest["artifacts"], *manifest["references"], *manifest["identities"]]
    entries += [part for entry in entries for part in entry.get("parts", ())]
    (entry,) = [entry for entry in entries if entry["path"] == name]
    entry.update(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    (bundle / MANIFEST_NAME).write_text(json.dumps(manifest))


def edit_manifest(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a bundle's manifest by hand."""
    path = bundle / MANIFEST_NAME
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden reports anew")
