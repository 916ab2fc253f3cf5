"""The self-check: the bundle it measures, what it concludes, and the command."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.artifacts.formats import BUILT_IN
from profiler.artifacts.proof import check_entry, prove
from profiler.artifacts.records import MANIFEST_SCHEMA
from profiler.commands.selfcheck import check_session
from profiler.judge.records import Verdict
from profiler.judge.selfcheck import SelfCheck, SelfCheckOutcome, check_runtime
from profiler.judge.verdicts import Rule
from profiler.models.layout import WeightLayout
from profiler.report.selfcheck import render_selfcheck, sentence
from profiler.session.file import load_session
from profiler.session.records import Control
from tests.conftest import Cli
from tests.rows import make_row
from tests.runs import Script
from tests.sessions import make_case, make_session

Refused = Callable[..., str]


def test_the_bundle_that_comes_with_the_package_is_sound_and_current() -> None:
    bundle = open_bundle(BUNDLE)
    manifest = bundle.manifest
    assert manifest.schema_version == MANIFEST_SCHEMA
    bundle.verify(manifest.entries)
    assert {(a.format, a.layout) for a in manifest.artifacts} == {(f, lay) for f in BUILT_IN for lay in WeightLayout}
    workloads = {workload.name: workload for workload in manifest.workloads}
    for artifact in manifest.artifacts:
        stored = prove(bundle.path_of(artifact), artifact.format)
        check_entry(artifact, stored, workloads[artifact.workload], where=artifact.path)


def judged(identical: list[Verdict], slower: list[Verdict]) -> SelfCheck:
    found = [make_row(1.0, verdict, control=Control.IDENTICAL, copy=copy) for copy, verdict in enumerate(identical)]
    found += [make_row(1.05, verdict, control=Control.SLOWER, copy=copy) for copy, verdict in enumerate(slower)]
    check = check_runtime("numpy", found, {one.case.id: one.verdict for one in found}, Rule())
    assert check is not None
    return check


EQUAL, PAYS, COSTS, OPEN = Verdict.EQUAL, Verdict.PAYS_OFF, Verdict.COSTS, Verdict.UNDECIDED


def test_a_quiet_device_is_trusted_down_to_margin_and_half_width() -> None:
    check = judged([EQUAL] * 20, [PAYS] * 20)
    assert check.is_trustworthy
    assert check.slowdown == pytest.approx(0.05)
    assert check.resolution == pytest.approx(1.03 * math.exp(0.01) - 1)


def test_more_false_alarms_than_chance_allows_are_distrusted_and_a_single_one_is_not() -> None:
    assert judged([EQUAL] * 51 + [PAYS], [PAYS] * 20).is_trustworthy
    wolf = judged([EQUAL] * 40 + [COSTS] * 12, [PAYS] * 20)
    assert wolf.cries_wolf
    assert not wolf.is_trustworthy


def test_missed_differences_are_distrusted_only_where_that_is_no_chance() -> None:
    assert judged([EQUAL] * 8, [PAYS] * 7 + [OPEN]).is_trustworthy
    blind = judged([EQUAL] * 8, [PAYS] * 2 + [OPEN] * 6)
    assert blind.is_blind
    assert not blind.cries_wolf


def test_a_difference_seen_the_wrong_way_round_is_never_chance() -> None:
    assert judged([EQUAL] * 8, [PAYS] * 30 + [COSTS]).cries_wolf


def test_nothing_is_concluded_from_one_kind_of_pair() -> None:
    assert check_runtime("numpy", [make_row(1.0, EQUAL, control=Control.IDENTICAL)], {}, Rule()) is None


def test_the_sentence_names_what_is_wrong_and_what_was_not_measured() -> None:
    session = make_session({make_case(control=Control.IDENTICAL): 1.0})
    good, wolf = judged([EQUAL] * 20, [PAYS] * 20), judged([COSTS] * 20, [PAYS] * 20)
    assert "can be trusted down to a difference of 4.0 %" in sentence({"numpy": good}, session, 5)
    assert sentence({"numpy": good, "onnxruntime": None}, session, 5).endswith("Not measured: onnxruntime.")
    assert sentence({"numpy": wolf}, session, 5).startswith("Do not trust verdicts")
    assert sentence({"numpy": None}, session, 5).startswith("Nothing can be said")
    text = render_selfcheck({"numpy": good, "onnxruntime": None}, session, slowdown_percent=5)
    assert max(map(len, text.splitlines())) <= 80
    assert "not measured" in text


def test_each_identical_pair_is_judged_by_itself() -> None:
    cases = {make_case(batch, control=Control.IDENTICAL): 1.0 for batch in range(1, 9)}
    cases |= {make_case(batch, control=Control.SLOWER): 1.05 for batch in range(1, 9)}
    (check,) = check_session(make_session(cases)).values()
    assert check is not None
    assert (check.false_alarms.count, check.false_alarms.total, check.found) == (0, 8, SelfCheckOutcome(8, 8))


def test_the_command_trusts_a_quiet_device_and_keeps_the_session(cli: Cli, tmp_path: Path, script: Script) -> None:
    script(call_sd=0.002, placement_sd=0.002, pass_sd=0.05)
    outcome = cli("selfcheck", "--quick", "--runtime", "scripted", "-q", "-o", tmp_path / "s.jsonl", "--seed", 1)
    assert outcome.status == 0, outcome
    assert "can be trusted down to a difference of" in outcome.out
    session = load_session(tmp_path / "s.jsonl")
    assert {case.control for case in session.header.cases} == {Control.IDENTICAL, Control.SLOWER}
    assert len(session.header.cases) == 2 * 4 * 2


def test_the_command_says_what_a_noisy_device_misses(cli: Cli, script: Script) -> None:
    script(call_sd=0.01, placement_sd=0.08)
    outcome = cli("selfcheck", "--quick", "--runtime", "scripted", "-q", "--seed", 1)
    assert outcome.status == 1
    assert "miss too many differences of 5 %" in " ".join(outcome.out.split())


def test_a_wide_margin_gets_a_wider_known_difference(cli: Cli, tmp_path: Path, script: Script) -> None:
    script(call_sd=0.002)
    outcome = cli("selfcheck", "--quick", "--runtime", "scripted", "-q", "--margin", "8%", "-o", tmp_path / "s.jsonl")
    assert outcome.status == 0, outcome
    assert "slower by 10 %" in outcome.out


def test_bad_options_get_one_line(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text("x")
    assert "exists" in refused("selfcheck", "-o", tmp_path / "s.jsonl")
    assert "no runtime is called" in refused("selfcheck", "--runtime", "nonesuch")
