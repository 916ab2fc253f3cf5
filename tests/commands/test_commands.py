"""The command line as a user meets it: real runs of every command, and every kind of bad input."""

import csv
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profiler.commands import fail
from profiler.commands.measuring import choose_looks, choose_options
from profiler.judge.verdicts import DEFAULT_LOOKS
from profiler.session.file import load_session
from profiler.session.records import Control, Weights
from tests.conftest import Cli
from tests.machine.trees import boards

SUITE = b'name = "mine"\nbatches = [2]\n[[linear]]\nin_features = 16\nout_features = 8\n'
Refused = Callable[..., str]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_bytes(SUITE)
    return path


def test_help_names_the_commands_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from profiler.commands import cli; cli.main(['--help'], standalone_mode=False); "
        "sys.exit(bool({'torch', 'numpy', 'onnxruntime', 'jinja2', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("profile", "export", "hardware", "run", "report", "suites"):
        assert name in done.stdout


def test_a_complaint_is_one_harmless_line_whatever_a_bundle_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        fail("cannot read \x1b[31mred\x07\r\u202e.bin" + "x" * 10_000)
    assert caught.value.code == 2
    line = capsys.readouterr().err
    assert line.removesuffix("\n").isprintable()
    assert len(line) < 2100


def test_version_and_suites(cli: Cli) -> None:
    assert "0.1.0" in cli("--version").out
    outcome = cli("suites")
    assert outcome.status == 0
    assert "cache-sweep" in outcome.out


def test_profile_writes_the_whole_folder_and_prints_the_answer(cli: Cli, tmp_path: Path, suite: Path) -> None:
    folder = tmp_path / "out"
    outcome = cli("profile", suite, "-o", folder, "--passes", 5, "--runtime", "onnxruntime", "--runtime", "numpy")
    assert outcome.status == 0, outcome
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "bundle", "session.jsonl", "hardware.json", "report.html", "report.md", "report.json", "report.csv",
    }  # fmt: skip
    assert outcome.out.startswith(("Yes:", "No:", "It depends:", "Sometimes:", "Not seen:", "Undecided:"))
    report = json.loads((folder / "report.json").read_text())
    assert len(report["sessions"][0]["rows"]) == 2
    assert report["sessions"][0]["hardware"] == json.loads((folder / "hardware.json").read_text())
    rows = list(csv.DictReader(io.StringIO((folder / "report.csv").read_text())))
    assert len(rows) == 2
    assert all(float(row[f"time_{layout}_s"]) > 0 for row in rows for layout in ("out_in", "in_out"))


def test_a_profile_without_the_packages_of_the_page_says_so_first_and_loses_nothing(
    cli: Cli, tmp_path: Path, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A measurement of hours shall not end in an error for want of it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "altair" else find(name, *rest)
    )
    folder = tmp_path / "out"
    outcome = cli("profile", suite, "-o", folder, "--passes", 5, "--runtime", "numpy", "--format", "arrays")
    assert outcome.status == 0, outcome
    first = outcome.err.splitlines()[0]
    assert first.startswith("no report.html will be written: the HTML report needs altair")
    assert not (folder / "report.html").exists()
    assert (folder / "report.md").exists()
    assert outcome.out.rstrip().endswith("report.md")


def test_the_three_steps_by_hand_give_every_format(cli: Cli, tmp_path: Path, suite: Path) -> None:
    bundle, session = tmp_path / "b", tmp_path / "s.jsonl"
    assert cli("export", suite, "-o", bundle, "--format", "arrays").status == 0
    outcome = cli("run", bundle, "-o", session, "--passes", 5, "--cpu", min(os.sched_getaffinity(0)))
    assert outcome.status == 0
    assert "left out: onnxruntime: the bundle holds no ONNX files" in outcome.err
    for name, start in (
        ("terminal", ""), ("markdown", "# Does"), ("html", "<!DOCTYPE html>"), ("json", "{"), ("csv", "machine,"),
    ):  # fmt: skip
        printed = cli("report", session, "--format", name)
        assert printed.status == 0
        assert printed.out.startswith(start)
        assert printed.err == ""
        cli("report", session, "--format", name, "-o", tmp_path / f"r.{name}")
        assert (tmp_path / f"r.{name}").read_text() == printed.out


def test_a_layer_can_be_given_without_a_suite(cli: Cli, tmp_path: Path) -> None:
    arguments = ["--in-features", 6, "--out-features", 5, "--batch", "none", "--batch", "2x3", "--no-bias"]
    outcome = cli("export", *arguments, "-o", tmp_path / "b", "--format", "arrays")
    assert outcome.status == 0, outcome
    manifest = json.loads((tmp_path / "b/manifest.json").read_text())
    assert manifest["workloads"][0]["name"] == "linear-6x5-nobias"
    assert manifest["workloads"][0]["batch_shapes"] == [[], [2, 3]]


def test_a_cache_sweep_can_follow_a_boards_caches(cli: Cli, tmp_path: Path) -> None:
    board = boards() / "pi4-64bit"
    printed = cli("hardware", "--root", board, "--json")
    (tmp_path / "pi4.json").write_text(printed.out)
    cli("export", "cache-sweep", "--hardware", tmp_path / "pi4.json", "--format", "arrays", "-o", tmp_path / "b")
    manifest = json.loads((tmp_path / "b/manifest.json").read_text())
    sides = {workload["layers"][0]["in_features"] for workload in manifest["workloads"]}
    assert {88, 512} <= sides  # 32 KiB and 1 MiB
    assert max(sides) < 800


def test_hardware_prints_this_machine_and_a_recorded_one(cli: Cli) -> None:
    outcome = cli("hardware")
    assert outcome.status == 0
    assert "Memory" in outcome.out
    recorded = cli("hardware", "--root", boards() / "pi-zero")
    assert "unknown" in recorded.out
    assert "Raspberry Pi Zero W" in recorded.out


def test_resume_goes_on_with_the_sessions_own_options(
    cli: Cli, tmp_path: Path, exported: Path, refused: Refused
) -> None:
    session = tmp_path / "s.jsonl"
    arguments = ["run", exported, "-o", session, "--runtime", "scripted", "--passes", 3]
    assert cli(*arguments).status == 0
    data = session.read_bytes()
    session.write_bytes(data[: len(data) // 2])
    assert cli(*arguments, "--resume").status == 0
    assert len(load_session(session).blocks) == 12
    assert "another --passes" in refused("run", exported, "-o", session, "--passes", 4, "--resume")


def test_a_resumed_run_refuses_every_option_that_differs(
    cli: Cli, tmp_path: Path, exported: Path, refused: Refused
) -> None:
    session = tmp_path / "s.jsonl"
    run = ["run", exported, "-o", session, "--runtime", "scripted"]
    assert cli(*run, "--looks", "1,2", "--sets", 2, "--margin", "4%", "--confidence", "0.9").status == 0
    for name, value in (
        ("--looks", "1,3"), ("--margin", "3%"), ("--confidence", "95%"), ("--sets", "1"), ("--sets", "auto"),
        ("--weights", "both"), ("--slower", "5"), ("--identical", None), ("--runtime", "numpy"), ("--seed", "7"),
    ):  # fmt: skip
        given = [name] if value is None else [name, value]
        assert f"another {name}" in refused("run", exported, "-o", session, "--resume", *given)
    same = ["--looks", "1,2", "--sets", 2, "--margin", "0.04", "--confidence", "90%", "--weights", "warm"]
    assert cli(*run, "--resume", *same).status == 0


def test_the_options_of_a_run_are_those_asked_for(cli: Cli, tmp_path: Path, exported: Path) -> None:
    arguments = ["run", exported, "--runtime", "scripted", "-o", tmp_path / "s", "--looks", "2,4", "--sets", "2"]
    assert cli(*arguments, "--margin", "5%", "--confidence", "99%", "--slower", "7%").status == 0
    options = load_session(tmp_path / "s").header.options
    assert (options.looks, options.passes, options.margin, options.confidence_level) == ((2, 4), 4, 0.05, 0.99)
    assert (options.sets, options.controls, options.slowdown_percent) == (2, (Control.SLOWER,), 7)
    assert (options.weights, options.eviction_bytes) == ((Weights.WARM,), 0)


def test_cold_weights_have_the_caches_walked_through_between_calls() -> None:
    asked: dict[str, Any] = {
        "runtimes": ["numpy"], "forms": [], "passes": None, "looks": None, "margin": 0.03, "confidence_level": 0.95,
        "sets": None, "threads": (1,), "cpus": [], "seed": 1, "identical": False, "slower": None, "forked": False,
    }  # fmt: skip
    for weights, kinds in (("both", (Weights.WARM, Weights.COLD)), ("cold", (Weights.COLD,))):
        options, _ = choose_options(**asked, weights=weights)
        assert options.weights == kinds
        assert options.eviction_bytes > 1 << 20
    assert choose_options(**asked, weights="warm")[0].eviction_bytes == 0


@pytest.mark.parametrize(
    ("passes", "looks"),
    [(None, DEFAULT_LOOKS), (5, (5,)), (8, (8,)), (20, (8, 12, 16, 20)), (40, (*DEFAULT_LOOKS, 40))],
)
def test_so_many_passes_have_the_usual_looks_up_to_them(passes: int | None, looks: tuple[int, ...]) -> None:
    assert choose_looks(passes, None) == looks


def test_a_report_can_be_made_by_another_margin_and_says_so(cli: Cli, tmp_path: Path, exported: Path) -> None:
    session = tmp_path / "s.jsonl"
    cli("run", exported, "-o", session, "--runtime", "scripted", "--passes", 8, "--sets", 1)
    usual = " ".join(cli("report", session).out.split())
    outcome = cli("report", session, "--margin", "5%", "--confidence", "99%")
    assert outcome.status == 0
    found = " ".join(outcome.out.split())
    assert "makes no difference of 5 % or more" in found
    assert "by a margin of 3 % at 95 %, this report judges by 5 % at 99 %" in found
    assert "is at most 1 %" in found
    assert "this report judges by" not in usual
    report = json.loads(cli("report", session, "--format", "json", "--margin", "0.1").out)
    assert report["sessions"][0]["margin"] == 0.1


def test_a_session_of_the_last_version_is_refused_with_advice(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text('{"kind":"header","schema_version":1,"suite":"quick","passes":10}\n')
    line = refused("report", tmp_path / "old.jsonl")
    assert "schema version 1" in line
    assert "measure again" in line


def test_a_failure_gives_exit_status_1(
    cli: Cli, tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYOUT_PROFILER_SCRIPT", '{"die_on": "iris"}')
    session = tmp_path / "s.jsonl"
    outcome = cli("run", exported, "-o", session, "--runtime", "scripted", "--passes", 1)
    assert outcome.status == 1
    assert "SIGKILL" in outcome.err
    assert "SIGKILL" in cli("report", session).out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["export", "quik", "-o", "b"], "built in are"),
        (["export", "missing.toml", "-o", "b"], "No such file"),
        (["export", "--in-features", "4", "-o", "b"], "both --in-features and --out-features"),
        (["export", "quick", "--in-features", "4", "--out-features", "4", "-o", "b"], "not both"),
        (["export", "--in-features", "0", "--out-features", "4", "-o", "b"], "in_features is 0"),
        (["export", "--in-features", "-3", "--out-features", "4", "-o", "b"], "in_features is -3"),
        (["export", "--in-features", "4", "--out-features", "4", "--batch", "0", "-o", "b"], "below 1"),
        (["export", "--in-features", "4", "--out-features", "4", "--batch", "x", "-o", "b"], "no batch"),
        (["export", "--in-features", "9999999", "--out-features", "9999999", "-o", "b"], "GiB"),
        (["export", "quick", "--batch", "3", "-o", "b"], "--in-features"),
        (["export", "quick", "--hardware", "missing.json", "-o", "b"], "cannot read the hardware report"),
        (["run", "missing", "-o", "s.jsonl"], "there is no bundle"),
        (["run", ".", "-o", "s.jsonl"], "no manifest.json"),
        (["run", "missing", "-o", "s.jsonl", "--resume"], "there is no bundle"),
        (["report", "missing.jsonl"], "No such file"),
        (["report", "."], "a folder"),
        (["report"], "SESSIONS"),
        (["report", "x", "--format", "pdf"], "pdf"),
        (["report", "x", "--margin", "0"], "no margin"),
        (["report", "x", "--margin", "-3%"], "no margin"),
        (["report", "x", "--margin", "99%"], "no margin"),
        (["report", "x", "--margin", "nan"], "no margin"),
        (["report", "x", "--margin", "60%"], "no margin"),
        (["report", "x", "--confidence", "20%"], "no confidence level"),
        (["report", "x", "--confidence", "100%"], "no confidence level"),
        (["report", "x", "--confidence", "nan"], "no confidence level"),
        (["hardware", "--root", "missing"], "no folder"),
        (["nonsense"], "nonsense"),
        (["profile", "quik"], "built in are"),
        (["profile", "--runtime", "tpu"], "onnxruntime-unpacked"),
        (["profile", "--cpu", "8000"], "CPU 8000 cannot be used"),
        (["profile", "--threads", "1000"], "--threads 1000"),
        (["export", "quick", "--format", "arrays", "--form", "idiomatic", "-o", "b"], "nothing to export"),
        (["profile", "--in-features", "9999999", "--out-features", "9999999", "-o", "p"], "GiB"),
    ],
)
def test_bad_usage_gets_one_clear_line_and_leaves_nothing(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert complaint in refused(*arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--runtime", "tpu"], "onnxruntime-unpacked"),
        (["--cpu", "8000"], "CPU 8000 cannot be used"),
        (["--passes", "0"], "passes"),
        (["--passes", "8", "--looks", "8,12"], "leave --passes out"),
        (["--looks", "0,8"], "looks are numbers of passes that rise"),
        (["--looks", "12,8"], "looks are numbers of passes that rise"),
        (["--looks", "8,8"], "looks are numbers of passes that rise"),
        (["--looks", "8;12"], "no list of looks"),
        (["--looks", ""], "no list of looks"),
        (["--margin", "0"], "no margin"),
        (["--margin", "60%"], "no margin"),
        (["--margin", "-3%"], "no margin"),
        (["--confidence", "20%"], "no confidence level"),
        (["--confidence", "100%"], "no confidence level"),
        (["--slower", "0"], "no percentage"),
        (["--slower", "101"], "no percentage"),
        (["--slower", "2.5"], "no percentage"),
        (["--sets", "9"], "no number of sets"),
        (["--sets", "0"], "no number of sets"),
        (["--weights", "hot"], "hot"),
        (["--identical", "--slower", "5"], "two controls"),
        (["--budget", "soon"], "no time"),
        (["--threads", "0"], "threads"),
        (["--resume", "--force"], "give one of them"),
        (["--resume"], "cannot read the session"),
    ],
)
def test_bad_run_options_get_one_clear_line(
    refused: Refused, exported: Path, tmp_path: Path, options: list[str], complaint: str
) -> None:
    assert complaint in refused("run", exported, "-o", tmp_path / "s.jsonl", *options)
    assert not (tmp_path / "s.jsonl").exists()


def test_existing_outputs_are_kept_without_force(refused: Refused, exported: Path, tmp_path: Path, cli: Cli) -> None:
    for name in ("b", "s.jsonl", "r.html"):
        (tmp_path / name).write_text("precious")
    session = tmp_path / "real.jsonl"
    cli("run", exported, "-o", session, "--runtime", "scripted", "--passes", 1)
    assert "--force" in refused("export", "quick", "-o", tmp_path / "b")
    assert "--force" in refused("run", exported, "-o", tmp_path / "s.jsonl", "--runtime", "scripted")
    assert "--force" in refused("report", session, "-o", tmp_path / "r.html")
    assert "--force" in refused("profile", "quick", "-o", tmp_path / "b")
    assert "not made by" in refused("export", "quick", "-o", tmp_path / "b", "--force")
    assert "it is no session" in refused(
        "run", exported, "-o", tmp_path / "s.jsonl", "--runtime", "scripted", "--force"
    )
    assert {(tmp_path / name).read_text() for name in ("b", "s.jsonl", "r.html")} == {"precious"}
    assert cli("report", session, "-o", tmp_path / "r.html", "--force").status == 0
    assert "precious" not in (tmp_path / "r.html").read_text()


def test_force_replaces_a_bundle_but_no_other_folder(refused: Refused, tmp_path: Path, cli: Cli, suite: Path) -> None:
    export = ["export", suite, "--format", "arrays", "--force", "-o"]
    assert cli(*export, tmp_path / "b").status == 0
    assert cli(*export, tmp_path / "b").status == 0
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/wedding.jpg").write_text("x")
    assert "not made by" in refused(*export, tmp_path / "photos")
    (tmp_path / "photos/manifest.json").write_text('{"name": "a web page has one too"}')
    assert "not made by" in refused(*export, tmp_path / "photos")
    (tmp_path / "b/notes.txt").write_text("precious")
    assert "not made by" in refused(*export, tmp_path / "b")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    assert "is a link" in refused(*export, tmp_path / "link")
    assert (tmp_path / "photos/wedding.jpg").exists()
    assert (tmp_path / "b/notes.txt").exists()


def test_a_damaged_bundle_is_refused_before_anything_is_written(refused: Refused, bundle: Path, tmp_path: Path) -> None:
    (bundle / "iris/arrays-controlled-out_in.npz").write_bytes(b"PK")
    line = refused("run", bundle, "-o", tmp_path / "s.jsonl", "--runtime", "numpy")
    assert "not the file its manifest describes" in line
    assert not (tmp_path / "s.jsonl").exists()


def test_an_output_that_cannot_be_written_gets_one_clear_line(
    refused: Refused, exported: Path, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "file").write_text("x")
    blocked = tmp_path / "file" / "below"
    session = tmp_path / "s.jsonl"
    cli("run", exported, "-o", session, "--runtime", "scripted", "--passes", 1)
    assert "cannot write" in refused("run", exported, "-o", blocked, "--runtime", "scripted")
    assert "cannot write" in refused("report", session, "-o", blocked)
    assert "cannot write" in refused("export", "quick", "--format", "arrays", "-o", blocked)


def test_a_full_disk_ends_a_report_with_one_line() -> None:
    """/dev/full fails every write as a full disk does."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "profiler", "suites"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


def test_a_closed_pipe_ends_quietly(exported: Path, tmp_path: Path, cli: Cli) -> None:
    session = tmp_path / "s.jsonl"
    cli("run", exported, "-o", session, "--runtime", "scripted", "--passes", 1)
    done = subprocess.run(
        f"{sys.executable} -m profiler report {session} --format json | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_run_and_report_import_no_torch(exported: Path, tmp_path: Path) -> None:
    """torch is replaced by a module that fails to import: whoever touched it would die."""
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    session = tmp_path / "s.jsonl"
    command = [sys.executable, "-P", "-m", "profiler", "run", str(exported), "-q", "-o", str(session), "--passes", "1"]
    command += ["--runtime", "onnxruntime", "--runtime", "onnxruntime-unpacked", "--runtime", "numpy"]
    subprocess.run(command, env=environment, check=True, cwd=Path(__file__).parents[2])
    assert len({block.case for block in load_session(session).blocks}) == 12
    assert not load_session(session).failures


def test_a_profile_that_cannot_measure_leaves_nothing(refused: Refused, tmp_path: Path, suite: Path) -> None:
    profile = ["profile", suite, "-o", tmp_path / "p", "--format", "arrays", "--runtime", "onnxruntime"]
    assert "nothing that onnxruntime can measure" in refused(*profile)
    assert not (tmp_path / "p").exists()


def test_pipes_and_devices_are_refused_as_input(refused: Refused, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.toml")
    assert "a pipe" in refused("report", tmp_path / "fifo.toml")
    assert "a pipe" in refused("export", tmp_path / "fifo.toml", "-o", tmp_path / "b")
    assert "a device" in refused("report", "/dev/zero")


def test_a_device_is_never_replaced(refused: Refused, tmp_path: Path, exported: Path, cli: Cli) -> None:
    session = tmp_path / "s.jsonl"
    cli("run", exported, "-o", session, "--runtime", "scripted", "--passes", 1)
    os.mkfifo(tmp_path / "pipe")
    assert "a pipe" in refused("report", session, "-o", tmp_path / "pipe", "--force")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_profile_stopped_while_exporting_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "p"
    command = [sys.executable, "-m", "profiler", "profile", "quick", "-q", "-o", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(folder.glob(".bundle.*/*/*.onnx")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert not folder.exists()
