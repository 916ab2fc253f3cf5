import json
from pathlib import Path

import msgspec
import pytest

from profiler.machine.records import HardwareInfo
from profiler.session.file import load_session
from tests.conftest import Cli
from tests.machine.trees import boards

CACHE_KEYS = {
    "level", "type", "size_bytes", "line_size_bytes", "ways_of_associativity", "number_of_sets", "shared_cpus",
    "instances", "core", "source",
}  # fmt: skip


def test_the_page_draws_the_caches_names_sources_and_says_what_to_mind(cli: Cli) -> None:
    outcome = cli("hardware", "--root", boards() / "pi4-64bit")
    assert outcome.status == 0
    assert outcome.out.startswith("Raspberry Pi 4 Model B Rev 1.4\n==============================\n")
    assert "L2    [" in outcome.out
    assert "1 x 1 MiB, 16-way, 64 B lines, 1024 sets, shared by 4 CPUs" in " ".join(outcome.out.split())
    assert "the frequency governor is ondemand" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_json_has_the_shape_that_others_rely_on(cli: Cli) -> None:
    found = json.loads(cli("hardware", "--json", "--root", boards() / "rk3588").out)
    assert {"caches", "core_types", "board", "memory", "conditions", "environment", "conflicts", "measured"} <= set(
        found
    )
    assert all(set(cache) >= CACHE_KEYS for cache in found["caches"])
    assert all(set(kind) >= {"name", "implementer", "part", "cpus", "source"} for kind in found["core_types"])
    assert {"model", "compatible", "soc"} <= set(found["board"])
    assert {"vm", "container", "emulation"} <= set(found["environment"])
    unknown = json.loads(cli("hardware", "--json", "--root", boards() / "xen-guest-arm").out)
    assert [cache["size_bytes"] for cache in unknown["caches"] if cache["level"] > 1] == []


def test_a_recorded_tree_cannot_be_measured(cli: Cli) -> None:
    outcome = cli("hardware", "--measure", "--root", boards() / "pi5")
    assert outcome.status == 2
    assert "cannot be measured" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_root_that_is_no_folder_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    outcome = cli("hardware", "--root", tmp_path / name)
    assert outcome.status == 2
    assert "is no folder" in outcome.err


def test_an_empty_tree_is_a_page_of_unknowns(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("hardware", "--root", tmp_path)
    assert outcome.status == 0
    assert "unknown" in outcome.out


@pytest.mark.slow
def test_what_was_measured_is_shown_again_and_used_by_a_run(
    cli: Cli, tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    measured = cli("hardware", "--measure", "--json")
    assert measured.status == 0
    assert "measuring what" in measured.err
    first = msgspec.json.decode(measured.out, type=HardwareInfo).measured
    assert first is not None
    assert first.cores[0].bandwidths
    assert first.cores[0].peaks
    again = msgspec.json.decode(cli("hardware", "--json").out, type=HardwareInfo).measured
    assert again == first
    session = tmp_path / "s.jsonl"
    run = cli("run", bundle, "-o", session, "--passes", 2, "--runtime", "numpy", "-q")
    assert run.status == 0, run
    assert load_session(session).header.hardware.measured == first


def test_a_run_can_leave_measuring_out(cli: Cli, tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    session = tmp_path / "s.jsonl"
    run = cli("run", bundle, "-o", session, "--passes", 2, "--runtime", "numpy", "-q", "--no-measure")
    assert run.status == 0, run
    assert load_session(session).header.hardware.measured is None
    assert not list(tmp_path.glob("layout-profiler/*"))
