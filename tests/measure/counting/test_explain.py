import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest

from profiler.artifacts.bundle import Bundle, open_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.artifacts.records import Form
from profiler.base.death import ChildError
from profiler.base.errors import BundleError, MissingToolError, OptionError
from profiler.commands import explain
from profiler.measure.counting.ask import ask_child
from profiler.measure.counting.boards import choose_board
from profiler.measure.counting.evidence import Counted, Source, SourceName
from profiler.measure.counting.gather import explain_cases
from profiler.measure.counting.geometry import board_geometry
from profiler.measure.counting.job import CountedArm, CountFindings, SimulatedJob
from profiler.measure.counting.select import Choice, choose_cases
from profiler.measure.counting.tools import find_tools
from profiler.schemas import format_schema
from tests.zips import zip_of

CASE = "numpy/controlled/linear-64x64/b1"


class FakeCounter:
    """A source with given counts per layout."""

    name = SourceName.SIMULATION

    def __init__(self, counts: dict[str, float]) -> None:
        self.counts = counts
        self.arms: list[CountedArm] = []

    @property
    def source(self) -> Source:
        return Source(name=self.name, what="fake", tells="nothing", cannot_tell="anything")

    def count(self, arm: CountedArm) -> tuple[dict[str, float], str | None]:
        self.arms.append(arm)
        count = self.counts.get(arm.artifact.layout)
        return ({}, "it died") if count is None else ({"D1mr": count * arm.calls, "DLmr": 0}, None)


def valgrind_problem() -> str | None:
    if sys.platform != "linux":
        return "valgrind runs on Linux here"
    try:
        find_tools()
    except MissingToolError as error:
        return str(error)
    return None


needs_valgrind = pytest.mark.skipif(valgrind_problem() is not None, reason=valgrind_problem() or "")


def test_cases_are_named_as_in_a_session_or_in_short() -> None:
    bundle = open_bundle(BUNDLE)
    for text in (CASE, f"{CASE}/float32/t1/warm"):
        (found,) = choose_cases(bundle, [text], Choice())
        assert found.case.id == f"{CASE}/float32/t1/warm"


def with_names(rename: Callable[[str], str]) -> Bundle:
    """The bundle of controls, its workloads called otherwise."""
    bundle = open_bundle(BUNDLE)
    replace, manifest = msgspec.structs.replace, bundle.manifest
    renamed = {one.key: replace(one, name=rename(one.name)) for one in manifest.workloads}
    entries = {
        kind: tuple(replace(entry, workload=renamed[entry.workload].key) for entry in getattr(manifest, kind))
        for kind in ("artifacts", "references", "identities")
    }
    return dataclasses.replace(bundle, manifest=replace(manifest, workloads=tuple(renamed.values()), **entries))


@pytest.mark.parametrize("name", ["/model/layers.0/{}/MatMul", "{}/b8", "a\x1bb\n{}", "層:{}"])
def test_a_workload_can_be_called_by_its_name_its_key_or_as_reports_show_it(name: str) -> None:
    bundle = with_names(name.format)
    (wanted,) = [workload for workload in bundle.manifest.workloads if "64x64" in workload.name]
    for word in (wanted.name, wanted.key, wanted.label):
        for tail in ("", "/float32/t1/warm"):
            (found,) = choose_cases(bundle, [f"numpy/controlled/{word}/b1{tail}"], Choice())
            assert found.workload == wanted
        (found,) = choose_cases(bundle, [], Choice(runtimes=("numpy",), workloads=(word,)))
        assert found.workload == wanted


@pytest.mark.parametrize(
    ("ids", "choice", "expected"),
    [
        ([""], Choice(), "is no case"),
        (["numpy"], Choice(), "is no case; write RUNTIME/FORM/WORKLOAD/bBATCH"),
        (["numpy/odd/linear-64x64/b1"], Choice(), "is no case"),
        (["numpy/controlled/linear-64x64/b7"], Choice(), "the bundle holds no case"),
        ([f"{CASE}/float32/t2/cold"], Choice(), "leave 't2/cold' out"),
        (["gpu/controlled/linear-64x64/b1"], Choice(), "no runtime is called"),
        ([CASE], Choice(runtimes=("numpy",)), "leave the options for them out"),
        ([], Choice(workloads=("iris",)), "no workload 'iris'; it holds linear-64x64"),
        ([], Choice(batches=((7,),)), "no batch 7; it has 1, 8"),
        ([], Choice(runtimes=("gpu",)), "no runtime is called"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(ids: list[str], choice: Choice, expected: str) -> None:
    with pytest.raises(OptionError, match=expected):
        choose_cases(open_bundle(BUNDLE), ids, choice)


def test_a_form_that_the_bundle_lacks_is_refused() -> None:
    with pytest.raises(BundleError, match="holds nothing"):
        choose_cases(open_bundle(BUNDLE), [], Choice(form=Form.IDIOMATIC))


def test_without_a_choice_the_largest_weights_and_the_smallest_batch_are_taken() -> None:
    found = choose_cases(open_bundle(BUNDLE), [], Choice(runtimes=("numpy",)))
    assert [planned.case.id for planned in found] == ["numpy/controlled/linear-192x192/b1/float32/t1/warm"]


def test_both_layouts_are_counted_and_a_death_is_a_record() -> None:
    bundle = open_bundle(BUNDLE)
    counter = FakeCounter({"out_in": 300.0})
    said: list[str] = []
    found = explain_cases(
        bundle,
        choose_cases(bundle, [CASE], Choice()),
        [counter],
        [counter.source],
        machine_line_bytes=64,
        calls=3,
        on_arm=said.append,
    )
    alive, dead = found.counted
    assert (alive.d1_read_misses, alive.ll_read_misses, alive.weight_lines, alive.calls) == (300, 0, 256, 3)
    assert alive.misses_per_line == pytest.approx(300 / 256)
    assert (dead.problem, dead.d1_read_misses, dead.calls) == ("it died", None, 0)
    assert found.findings[0].text == "in_out could not be counted: it died"
    assert explain.exit_status(found) == 1
    assert len(said) == 2
    assert all(Path(arm.path).is_absolute() for arm in counter.arms)


def test_a_forged_file_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    cases = choose_cases(bundle, [CASE], Choice())
    bundle.path_of(cases[0].reference).write_bytes(b"other")
    with pytest.raises(BundleError, match="is not the file its manifest describes"):
        explain_cases(bundle, cases, [FakeCounter({})], [], machine_line_bytes=64)


class FakeCounters(FakeCounter):
    """Counters that count, or do not."""

    name = SourceName.COUNTERS

    def __init__(self, *events: str) -> None:
        super().__init__({})
        self.events = events

    @property
    def source(self) -> Source:
        problem = None if self.events else "no PMU"
        return Source(name=self.name, what="fake", tells="much", cannot_tell="more", problem=problem)

    def count(self, arm: CountedArm) -> tuple[dict[str, float], str | None]:
        return {"l1d_cache_refill": 500.0 * arm.calls, "cycles": 9000.0 * arm.calls}, None


def ask(*arguments: str) -> int:
    status: int = explain.command.main([str(BUNDLE), CASE, "-q", *arguments], standalone_mode=False)
    return status


def test_without_valgrind_counters_alone_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(explain, "try_counters", lambda: FakeCounters("l1d_cache_refill", "cycles"))
    monkeypatch.setattr(explain, "_geometry", lambda board, hardware: board_geometry(*choose_board("rpi-3")))
    assert ask() == 0
    text = capfd.readouterr().out
    assert "numpy   [out,in]            500              -        1.95 counters" in text
    assert "needs valgrind, which is not installed" in " ".join(text.split())
    with pytest.raises(MissingToolError):  # asked for by name
        ask("--as", "rpi-3")


def test_the_cases_of_a_zip_are_unpacked_beside_it_and_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(explain, "try_counters", lambda: FakeCounters("l1d_cache_refill", "cycles"))
    (tmp_path / "b.zip").write_bytes(zip_of(BUNDLE))
    asked = [str(tmp_path / "b.zip"), CASE, "--source", "counters"]
    assert explain.command.main(asked, standalone_mode=False) == 0
    printed = capfd.readouterr()
    assert "numpy   [out,in]            500              -        1.95 counters" in printed.out
    assert f"explain: unpacking 3 of 20 files of {tmp_path / 'b.zip'}, 0.0 MiB" in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_without_any_source_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(explain, "try_counters", FakeCounters)
    with pytest.raises(MissingToolError, match="apt install valgrind"):
        ask("--as", "rpi-4")
    with pytest.raises(OptionError, match="fake: no PMU"):
        ask("--source", "counters")
    with pytest.raises(OptionError, match="this machine's own"):
        ask("--source", "counters", "--as", "rpi-4")


def job(**changes: object) -> SimulatedJob:
    bundle = open_bundle(BUNDLE)
    (planned,) = choose_cases(bundle, [CASE], Choice())
    artifact = next(iter(planned.artifacts.values()))
    fields = {
        "runtime": "numpy",
        "path": str(bundle.path_of(artifact)),
        "artifact": artifact,
        "workload": planned.workload,
        "reference_path": str(bundle.path_of(planned.reference)),
        "calls": 2,
        **changes,
    }
    return SimulatedJob(arm=CountedArm(**fields), library="/nonexistent.so")  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_child_that_dies_or_refuses_is_told(script: Callable[..., None], tmp_path: Path) -> None:
    script(die_on="linear", signal=4)
    with pytest.raises(ChildError, match="died of SIGILL"):
        ask_child(job(runtime="scripted"))
    with pytest.raises(ChildError, match=r"ended with status 1: OSError.*nonexistent\.so"):
        ask_child(job())
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"no archive")
    assert "cannot read" in (ask_child(job(path=str(damaged))).problem or "")
    assert isinstance(ask_child(job(path=str(damaged))), CountFindings)


@pytest.mark.slow
@needs_valgrind
def test_a_simulation_repeats_within_2_percent_and_dies_in_words(
    script: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    def counted(*arguments: str) -> tuple[int, list[Counted]]:
        status = explain.command.main(
            [str(BUNDLE), *arguments, "--as", "rpi-3", "--source", "simulation", "--json", "-q"], standalone_mode=False
        )
        document = json.loads(capfd.readouterr().out)
        jsonschema.validate(document, json.loads(format_schema("explanation")))
        return status, [Counted(**arm) for arm in document["counted"]]

    (first_status, first), (_, again) = counted(CASE), counted(CASE)
    assert first_status == 0
    assert [arm.layout for arm in first] == ["out_in", "in_out"]
    for one, other in zip(first, again, strict=True):
        assert one.events["Dr"] > 4096 / 8  # every weight is read, eight at a time at most
        assert one.events["D1mr"] == pytest.approx(other.events["D1mr"], rel=0.02, abs=2)
        assert one.events["DLmr"] == pytest.approx(other.events["DLmr"], rel=0.02, abs=2)
    script(die_on="in_out", signal=4)
    status, arms = counted("scripted/controlled/linear-64x64/b1")
    assert status == 1
    assert [arm.problem is None for arm in arms] == [True, False]
    assert "under valgrind it died of SIGILL" in str(arms[1].problem)
