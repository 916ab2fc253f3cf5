"""A bundle as one zip file, through the command line: measured, stopped, killed, resumed and refused."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.bundle.workspace import PREFIX
from profiler.artifacts.controls import BUNDLE
from profiler.session.file import load_session
from profiler.session.records import EndReason
from tests.conftest import Cli
from tests.zips import forged, small_bundle, zip_of

Refused = Callable[..., str]
SLOW = '{"load_s": 0.05}'
REFERENCE = "linear-64x64/reference-batch-1.npz"


@pytest.fixture
def zip_path(tmp_path: Path) -> Path:
    """The bundle of the controls as a zip, alone in its folder."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(zip_of(BUNDLE))
    return path


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """As if these packages were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in packages else find(name, *rest)
    )


def test_a_zip_is_measured_as_the_folder_is_and_leaves_nothing_beside_the_session(
    cli: Cli, zip_path: Path, tmp_path: Path
) -> None:
    for bundle, name in ((BUNDLE, "folder.jsonl"), (zip_path, "zip.jsonl")):
        outcome = cli("run", bundle, "-o", tmp_path / name, "--runtime", "numpy", "--passes", 1, "--no-measure")
        assert outcome.status == 0, outcome
    assert f"run: unpacking 8 of 20 files of {zip_path}, 0.4 MiB" in outcome.err
    folder, zipped = (load_session(tmp_path / name) for name in ("folder.jsonl", "zip.jsonl"))
    assert zipped.header.manifest_sha256 == folder.header.manifest_sha256 == open_bundle(BUNDLE).manifest_sha256
    assert zipped.header.cases == folder.header.cases
    assert len({block.case for block in zipped.blocks}) == len(zipped.header.cases) == 4
    assert not zipped.failures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip", "folder.jsonl", "zip.jsonl"]


def test_a_board_without_torch_measures_the_rest_and_says_so_before_it_begins(
    cli: Cli, zip_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "torch", "onnxruntime")
    session = tmp_path / "s.jsonl"
    outcome = cli("run", zip_path, "-o", session, "--passes", 1, "--no-measure")
    assert outcome.status == 0, outcome
    assert outcome.err.splitlines()[:5] == [
        f"run: unpacking 8 of 20 files of {zip_path}, 0.4 MiB",
        "run: left out: onnxruntime: onnxruntime is not installed",
        "run: left out: onnxruntime-unpacked: onnxruntime is not installed",
        "run: left out: torchscript: torch is not installed",
        "run: checking the answers of numpy",
    ]
    assert len(load_session(session).header.left_out) == 3
    resumed = cli("run", zip_path, "-o", session, "--resume")
    assert "not measured: torchscript: torch is not installed" in " ".join(cli("report", session).out.split())
    assert resumed.status == 0


def test_where_nothing_can_be_measured_one_line_says_why_and_what_to_do(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "torch")
    bundle = small_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    gone = [entry for entry in manifest["artifacts"] if entry["format"] != "torchscript"]
    manifest["artifacts"] = [entry for entry in manifest["artifacts"] if entry not in gone]
    for entry in gone:
        (bundle / entry["path"]).unlink()
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "b.zip").write_bytes(zip_of(bundle))
    line = refused("run", tmp_path / "b.zip", "-o", tmp_path / "s.jsonl")
    assert "torchscript: torch is not installed" in line
    assert "numpy: the bundle holds no arrays" in line
    assert "export it with what it lacks" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "bundle"]


def started(zip_path: Path, session: Path) -> subprocess.Popen[str]:
    """A run of the scripted runtime that has measured something and will go on for long."""
    command = [sys.executable, "-m", "profiler", "run", str(zip_path), "-o", str(session), "--no-measure"]
    process = subprocess.Popen(
        [*command, "--runtime", "scripted", "--passes", "4", "--sets", "1"],
        env={**os.environ, "LAYOUT_PROFILER_SCRIPT": SLOW},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not session.exists() or b'"kind":"block"' not in session.read_bytes():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    return process


def test_a_killed_run_of_a_zip_is_resumed_and_its_files_do_not_pile_up(
    cli: Cli, zip_path: Path, tmp_path: Path
) -> None:
    session = tmp_path / "s.jsonl"
    with started(zip_path, session) as process:
        process.kill()
    (abandoned,) = tmp_path.glob(f"{PREFIX}*")
    assert cli("run", zip_path, "-o", session, "--resume", "-q").status == 0
    assert not abandoned.exists()
    resumed = load_session(session)
    assert resumed.end is not None
    assert resumed.end.reason is EndReason.COMPLETE
    assert len(resumed.resumes) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip", "s.jsonl"]


def test_ctrl_c_ends_a_run_of_a_zip_in_order(zip_path: Path, tmp_path: Path) -> None:
    session = tmp_path / "s.jsonl"
    with started(zip_path, session) as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"layout-profiler run {zip_path} -o {session} --resume" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip", "s.jsonl"]


def test_another_zip_is_not_resumed_and_no_session_is_lost(
    cli: Cli, refused: Refused, zip_path: Path, tmp_path: Path
) -> None:
    session = tmp_path / "s.jsonl"
    run = ["run", zip_path, "-o", session, "--no-measure"]
    assert cli(*run, "--runtime", "scripted", "--passes", 1).status == 0
    before = session.read_bytes()
    assert "--force" in refused(*run, "--runtime", "scripted", "-q")  # and nothing is unpacked for it
    zip_path.write_bytes(zip_of(small_bundle(tmp_path)))
    assert "it measures another bundle" in refused(*run, "--resume", "-q")
    assert session.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda files: files.update({"../../up": b"x"}), "'../../up', which lies outside the bundle"),
        (
            lambda files: files.update({"linear-64x64/reference-batch-1.npz": bytes(2020)}),
            "is not the file its manifest",
        ),
        (lambda files: files.pop("manifest.json"), "holds no manifest.json"),
    ],
    ids=["path out", "changed", "no manifest"],
)
def test_a_hostile_zip_gets_one_line_and_nothing_is_written(
    refused: Refused,
    zip_path: Path,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], object],
    complaint: str,
) -> None:
    zip_path.write_bytes(forged(zip_path.read_bytes(), change))
    line = refused("run", zip_path, "-o", tmp_path / "s.jsonl", "--runtime", "numpy", "-q")
    assert complaint in line
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.zip"]


def test_an_export_to_a_zip_is_measured_and_replaced_only_when_asked(
    cli: Cli, refused: Refused, tmp_path: Path
) -> None:
    path, session = tmp_path / "b.zip", tmp_path / "s.jsonl"
    export = ["export", "--in-features", 16, "--out-features", 8, "--format", "arrays", "-o", path]
    outcome = cli(*export)
    assert (outcome.status, outcome.out) == (0, f"{path}: 2 files of linear-16x8, all proved\n")
    data = path.read_bytes()
    assert "add --force" in refused(*export)
    assert cli(*export, "--force").status == 0
    assert path.read_bytes() == data
    assert cli("run", path, "-o", session, "--runtime", "numpy", "--passes", 1, "--no-measure").status == 0
    path.write_text("a letter")
    assert "it is no bundle of this program" in refused(*export, "--force")
    assert path.read_text() == "a letter"
    assert "a profile is a folder" in refused("profile", "quick", "-o", tmp_path / "p.zip")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["b.zip", "s.jsonl"]
