"""A file format of another package, in two files a model: exported, zipped, run and reported without a line of ours.

The package is in `toy_format`; a copy of it is installed for the length of a test by a `.dist-info` folder.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profiler.artifacts.bundle import MANIFEST_NAME, find_bundle, is_bundle, open_bundle
from profiler.artifacts.formats import PLUGINS, file_format, format_names
from profiler.base.errors import BundleError, OptionError
from profiler.measure.plan import make_plan
from profiler.measure.remote.messages import BundleJob
from profiler.measure.remote.onboard import store
from profiler.measure.remote.send import read_files
from profiler.session.file import load_session
from tests.conftest import edit_manifest, replace_file
from tests.runs import options
from tests.zips import forged

PACKAGE = Path(__file__).parent / "toy_format"
POINTS = """\
[layout_profiler.formats]
toy = {point}
[layout_profiler.runtimes]
toy = toy_format:RUNTIME
"""
LAYER = "linear-24x40"
PART = f"{LAYER}/toy-controlled-in_out.weights"
RUN = ("--runtime", "toy", "--passes", 2, "--sets", 1, "--no-measure")
Refused = Callable[..., str]


def install(site: Path, point: str = "toy_format:FORMAT") -> None:
    """Put the package and its metadata into a folder, as pip would."""
    shutil.copytree(PACKAGE, site / "toy_format", ignore=shutil.ignore_patterns("__pycache__"))
    metadata = site / "toy_format-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-format\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(POINTS.format(point=point))


def ask(site: Path, *arguments: object) -> str:
    """Run a command in a process of its own; returns what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "profiler", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What a test imported of the package is imported anew by the next, from where that one put it."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in {"toy_format", "made_up", "room"}]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the path with the package installed. Not to be changed."""
    folder = tmp_path_factory.mktemp("site")
    install(folder)
    return folder


@pytest.fixture(scope="module")
def zipped(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in that format, exported by the command. Not to be changed."""
    path = tmp_path_factory.mktemp("toy") / "bundle.zip"
    layer = ("--in-features", 24, "--out-features", 40, "--batch", 2)
    shown = ask(site, "export", *layer, "--format", "toy", "-o", path)
    assert f"2 files of {LAYER}, all proved" in shown
    return path


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed for this process and those it starts."""
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))


@pytest.fixture
def folder(zipped: Path, tmp_path: Path) -> Path:
    """The bundle as a folder, to do anything with."""
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_a_pair_in_two_files_each_is_exported_zipped_run_and_reported(site: Path, zipped: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        names = set(archive.namelist())
    assert {name for name in names if ".toy" in name or ".weights" in name} == {
        f"{LAYER}/toy-{stem}.{suffix}"
        for stem in ("controlled-in_out", "controlled-out_in", "identity")
        for suffix in ("toy", "weights")
    }
    session = tmp_path / "s.jsonl"
    ask(site, "run", zipped, *RUN, "-o", session)
    found = load_session(session)
    assert not found.failures
    (check,) = found.checks
    assert {arm.size_bytes > 4 * 24 * 40 for arm in check.arms} == {True}  # parts are counted
    assert found.blocks[0].sets[0].identity_ns
    assert "toy" in ask(site, "report", session)


@pytest.mark.usefixtures("installed")
def test_every_part_is_an_entry_of_plan_transfer_and_bundle(folder: Path) -> None:
    opened = open_bundle(folder)
    assert is_bundle(folder)
    (folder / "stray.weights").write_bytes(b"x")
    assert not is_bundle(folder)
    parts = {part.path for model in opened.manifest.models for part in model.parts}
    assert len(parts) == 3
    planned = make_plan(opened.manifest, options("toy"))
    assert {entry.path for entry in planned.entries} == {entry.path for entry in opened.manifest.entries}
    assert parts < read_files(opened).keys()
    (case,) = planned.cases
    assert case.needed_bytes(4) > 4 * 4 * 24 * 40


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """What comes on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def tar_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.usefixtures("installed")
def test_a_board_asks_for_parts_and_takes_them_whole_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_bundle(folder)
    job = BundleJob(base=str(tmp_path / "board"), bundle=opened.manifest_sha256)
    text = (folder / MANIFEST_NAME).read_bytes()
    given(monkeypatch, text)
    wanted = store.missing(job).paths
    assert PART in wanted
    contents = {name: (folder / name).read_bytes() for name in wanted}
    given(monkeypatch, tar_of({PART: bytes(len(contents[PART]))}))
    with pytest.raises(BundleError, match="did not arrive whole"):
        store.receive(job)
    given(monkeypatch, tar_of({"linear-24x40/stray.weights": b"x"}))
    with pytest.raises(BundleError, match="the manifest does not name"):
        store.receive(job)
    given(monkeypatch, tar_of(contents))
    store.receive(job)
    given(monkeypatch, text)
    assert store.missing(job).paths == ()


@pytest.mark.usefixtures("installed")
def test_naming_the_format_imports_none_of_its_parts() -> None:
    assert format_names() == ("onnx", "torchscript", "arrays", "toy")
    assert file_format("toy").words == "toy files"
    assert not {name for name in sys.modules if name.startswith("toy_format.")}


def damaged(bundle: Path) -> None:
    data = bytearray((bundle / PART).read_bytes())
    data[5] ^= 1
    (bundle / PART).write_bytes(data)


def forged_part(bundle: Path) -> None:
    data = (bundle / PART).read_bytes()
    replace_file(bundle, PART, data[4:8] + data[:4] + data[8:])


def shortened(bundle: Path) -> None:
    replace_file(bundle, PART, (bundle / PART).read_bytes()[:-4])


def lengthened(bundle: Path) -> None:
    replace_file(bundle, PART, (bundle / PART).read_bytes() + bytes(4))


def linked(bundle: Path) -> None:
    (bundle / PART).rename(bundle.parent / "real")
    (bundle / PART).symlink_to(bundle.parent / "real")


def unlisted(kind: str) -> Callable[[Path], None]:
    def change(bundle: Path) -> None:
        edit_manifest(bundle, lambda manifest: [entry.update(parts=[]) for entry in manifest[kind]])

    return change


def named(name: str) -> Callable[[Path], None]:
    def change(bundle: Path) -> None:
        edit_manifest(bundle, lambda manifest: manifest["artifacts"][0]["parts"][0].update(path=name))

    return change


def with_one_more(bundle: Path) -> None:
    (bundle / LAYER / "more").write_bytes(b"x")
    edit_manifest(
        bundle,
        lambda manifest: manifest["artifacts"][0]["parts"].append(
            {"path": f"{LAYER}/more", "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
             "size_bytes": 1}
        ),
    )  # fmt: skip


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(damaged, "is not the file its manifest describes", id="damaged"),
        pytest.param(lambda bundle: (bundle / PART).unlink(), "is named by the manifest but missing", id="missing"),
        pytest.param(linked, "is a link", id="linked"),
        pytest.param(forged_part, "stores other weights than its manifest claims", id="other weights"),
        pytest.param(shortened, "says more than toy-controlled-in_out.weights holds", id="too short"),
        pytest.param(lengthened, "holds more than", id="too long"),
        pytest.param(unlisted("artifacts"), ".weights, its manifest claims no other file", id="unlisted"),
        pytest.param(
            unlisted("identities"), "needs toy-identity.weights, its manifest claims no other", id="of an identity"
        ),
        pytest.param(with_one_more, "claims more, toy-controlled", id="one more"),
        pytest.param(named("../secret"), "in another folder", id="outside"),
        pytest.param(named(f"{LAYER}/../../secret"), "in another folder", id="outside by a detour"),
        pytest.param(named(f"{LAYER}/.."), "outside the bundle", id="the folder above"),
        pytest.param(named(f"{LAYER}/a\\b"), "outside the bundle", id="backslash"),
        pytest.param(named(f"{LAYER}/toy-controlled-in_out.toy"), "names a file twice", id="another artifact"),
    ],
)
def test_tampering_with_a_part_is_refused(
    refused: Refused, folder: Path, tmp_path: Path, change: Callable[[Path], object], told: str
) -> None:
    change(folder)
    assert told in refused("run", folder, *RUN, "-o", tmp_path / "s.jsonl")
    assert not (tmp_path / "s.jsonl").exists()


def without_listing(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    manifest["artifacts"][0]["parts"] = []
    files["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(without_listing, "which its manifest does not name", id="stray"),
        pytest.param(lambda files: files.pop(PART), f"lacks '{PART}'", id="missing"),
        pytest.param(lambda files: files.update({PART: b"x"}), "of 1 bytes, its manifest says", id="another size"),
        pytest.param(
            lambda files: files.update({PART: bytes(len(files[PART]))}), "is not the file its manifest", id="zeros"
        ),
    ],
)
def test_tampering_with_a_part_in_a_zip_is_refused(
    refused: Refused, zipped: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], object], told: str
) -> None:
    path = tmp_path / "forged.zip"
    path.write_bytes(forged(zipped.read_bytes(), change))
    assert told in refused("run", path, *RUN, "-o", tmp_path / "s.jsonl")


def test_without_the_package_its_bundle_is_one_clear_line(zipped: Path) -> None:
    with pytest.raises(BundleError, match=r"format 'toy', which is not known here; there are onnx, torchscript, array"):
        find_bundle(zipped)


def made_up(site: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Install the package with another record of its format."""
    install(site, "made_up:FORMAT")
    (site / "made_up.py").write_text(f"from profiler.artifacts.formats import FileFormat\n{source}\n")
    monkeypatch.syspath_prepend(site)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise ValueError('two\\nlines')", "made_up:FORMAT raises ValueError: two"),
        ("FORMAT = 'toy'", "made_up:FORMAT is a str, not a FileFormat"),
        ("FORMAT = FileFormat('other', 'x', '.x', 'x')", "is called 'other'; entry point and FileFormat must bear"),
        ("FORMAT = FileFormat('toy', 'x:y', '.x', 'x')", "has the location 'x:y', which is no name of a package"),
        ("FORMAT = FileFormat('toy', 'x', '/../x', 'x')", "has the suffix '/../x'"),
        (
            "FORMAT = FileFormat('toy', 'x', '.x', 'x', forms=('odd',))",
            "which is no tuple of Form",
        ),
        ("raise SystemExit(0)", "made_up:FORMAT raises SystemExit: 0"),
        ("FORMAT = FileFormat('toy', 'x', '.x', 7)", "has '7' where a text belongs"),
        ("FORMAT = FileFormat('toy', 'x', '.x', 'x', extra=7)", "has '7' where a text belongs"),
        ("FORMAT = FileFormat('toy', 'x', '.x', 'x', write_packages=('a..b',))", "needs 'a..b', which is no name of a"),
        ("FORMAT = FileFormat('toy', 'x', '.x', 'x', write_packages=('',))", "needs '', which is no name of a package"),
        ("FORMAT = FileFormat('toy', 'x', '.x', 'x', dtypes=())", "has the dtypes '()'"),
        ("FORMAT = FileFormat('toy', 'x', '.x', 'x', prove_packages='numpy')", "has the prove_packages 'numpy', which"),
    ],
)
def test_a_broken_entry_point_is_one_clear_line(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    made_up(tmp_path / "site", monkeypatch, source)
    layer: tuple[Any, ...] = ("--in-features", 24, "--out-features", 40)
    line = refused("export", *layer, "--format", "toy", "-o", tmp_path / "b")
    assert "the file format 'toy' of toy-format cannot be used: " in line
    assert told in line
    assert not (tmp_path / "b").exists()


def test_a_room_that_cannot_be_imported_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(tmp_path / "site", monkeypatch, "FORMAT = FileFormat('toy', 'no_such_room', '.x', 'x')")
    with pytest.raises(OptionError, match=r"toy cannot be imported from no_such_room\.prove: No module"):
        file_format("toy").prover()


def test_a_built_in_name_is_never_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site")
    points = tmp_path / "site" / "toy_format-1.0.dist-info" / "entry_points.txt"
    points.write_text("[layout_profiler.formats]\nonnx = toy_format:FORMAT\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert file_format("onnx").location == "profiler.artifacts.onnx"
    assert PLUGINS.names() == ()
    with pytest.raises(OptionError, match="adds a file format 'onnx', which is built in; the built-in one is used"):
        file_format("other")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise RuntimeError('boom')", "cannot be imported from room.write: RuntimeError: boom"),
        ("raise SystemExit(3)", "cannot be imported from room.write: SystemExit: 3"),
        ("this is no Python", "cannot be imported from room.write: SyntaxError"),
        ("write = 1", "cannot be used: room.write has no function write"),
        ("def write(source, path): raise ValueError('bad\\n\\x1b[31m')", "toy (room) failed: ValueError: bad"),
        ("def write(source, path): path.touch()", "toy (room) failed: TypeError"),
    ],
)
def test_a_room_that_is_broken_is_one_clear_line_and_leaves_nothing(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    made_up(tmp_path / "site", monkeypatch, "FORMAT = FileFormat('toy', 'room', '.x', 'x')")
    room = tmp_path / "site" / "room"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "write.py").write_text(source)
    layer: tuple[Any, ...] = ("--in-features", 24, "--out-features", 40)
    assert told in refused("export", *layer, "--format", "toy", "-o", tmp_path / "b")
    assert {path.name for path in tmp_path.iterdir()} == {"site"}
