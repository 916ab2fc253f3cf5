"""Each claim's outcome from made-up trials and comparisons."""

from typing import Any

import msgspec
import pytest

from profiler.base.death import ChildError
from profiler.claims import batches, columnmajor, forum, initialization, iris, keras, locality, training, transposition
from profiler.claims.batches import Answers
from profiler.claims.both import CLAIM as BOTH
from profiler.claims.columnmajor import Survival, Trick
from profiler.claims.forum_records import PUBLISHED_CPU, PUBLISHED_CUDA, DeviceTimes, ForumTimes
from profiler.claims.initialization import Spread
from profiler.claims.iris import SHAPES, IrisRun, Training
from profiler.claims.keras import RoundTrip
from profiler.claims.transposition import TransposedView
from profiler.judge.records import Verdict
from profiler.models.layout import WeightLayout
from profiler.report.appendix_records import Finding, Outcome
from tests.claims.made_up import FakeLab
from tests.rows import make_row

PAYS, COSTS, EQUAL, OPEN = Verdict.PAYS_OFF, Verdict.COSTS, Verdict.EQUAL, Verdict.UNDECIDED
TIMES = DeviceTimes(device="cpu", in_out_mean_s=2.2, in_out_error_s=0.01, out_in_mean_s=2.0, out_in_error_s=0.01)
FORUM = ForumTimes(torch_version="2.13.0", threads=2, cpu=TIMES)


def names(finding: Finding) -> dict[str, float]:
    return {figure.name: figure.value for figure in finding.figures}


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (PAYS, Outcome.HOLDS),
        (COSTS, Outcome.DOES_NOT_HOLD),
        (EQUAL, Outcome.DOES_NOT_HOLD),
        (OPEN, Outcome.UNDECIDED),
    ],
)
def test_the_forum_answer_is_judged_by_our_verdict_and_shown_beside_the_published_figures(
    verdict: Verdict, outcome: Outcome
) -> None:
    lab = FakeLab(answers={"run_script": FORUM}, comparisons={"forum": [make_row(1.1, verdict)]})
    finding = forum.examine(lab)
    assert finding.outcome is outcome
    found = names(finding)
    assert found["script, cpu: speedup"] == pytest.approx(1.1)
    assert found["published, cpu: a @ mr"] == 12.70658016204834
    assert found["published, cuda: a @ ml.T"] == 1.3442912817001342
    assert found["ours: speedup"] == pytest.approx(1.1)
    assert found["ours: [out, in]"] == pytest.approx(1e-6 * forum.SETUPS[lab.scale].time)
    assert "no factor of two" in finding.reason
    assert "no CUDA device here" in finding.reason


def test_a_cuda_device_has_figures_of_its_own() -> None:
    cuda = changed(TIMES, device="Some GPU")
    lab = FakeLab(answers={"run_script": changed(FORUM, cuda=cuda)}, comparisons={"forum": [make_row(2.5, PAYS)]})
    finding = forum.examine(lab)
    assert "script, Some GPU: speedup" in names(finding)
    assert "the script ran on CUDA too" in finding.reason
    assert "; a factor of two;" in finding.reason


def changed(record: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(record, **changes)


def test_the_published_speedups_are_those_of_the_text() -> None:
    assert PUBLISHED_CPU.speedup == pytest.approx(1.0367, abs=1e-4)
    assert PUBLISHED_CUDA.speedup == pytest.approx(1.0078, abs=1e-4)


def test_naive_loops_tell_the_knee_and_that_the_other_order_turns_it_around() -> None:
    sides, speedups = (64, 256, 1024), (1.0, 2.0, 12.0)
    dot = [make_row(s, PAYS, runtime=locality.DOT, shape=(n, n)) for n, s in zip(sides, speedups)]  # noqa: B905
    row = [make_row(1 / s, COSTS, runtime=locality.ROW, shape=(n, n)) for n, s in zip(sides, speedups)]  # noqa: B905
    finding = locality.examine_naive(FakeLab(comparisons={"naive": [*dot, *row]}))
    assert finding.outcome is Outcome.HOLDS
    assert "between 256x256 (256 KiB) and 1024x1024 (4 MiB)" in finding.reason
    assert "in row order" in finding.reason
    assert len(finding.figures) == 6


def test_kernels_are_judged_by_a_factor_of_two_and_the_worst_is_named() -> None:
    cases = [make_row(1.0, EQUAL), make_row(0.4, COSTS, runtime="eager-linear", batch=8)]
    finding = locality.examine_kernels(FakeLab(comparisons={"kernels": cases}))
    assert finding.outcome is Outcome.DOES_NOT_HOLD
    assert finding.reason == "the layouts differ most in eager-linear 64x64 batch 8"


ANSWERS = Answers(right=6, total=6, wrong=(), runtimes=3, rewritten=2, files=8)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (ANSWERS, Outcome.HOLDS),
        (changed(ANSWERS, right=5, wrong=("numpy is off",)), Outcome.DOES_NOT_HOLD),
        (changed(ANSWERS, right=0, total=0), Outcome.UNDECIDED),
    ],
)
def test_any_batch_holds_if_every_answer_is_right(answers: Answers, outcome: Outcome) -> None:
    finding = batches.examine(FakeLab(answers={"answer_all": answers}))
    assert finding.outcome is outcome
    if answers.wrong:
        assert finding.reason == "wrong: numpy is off"


def test_the_column_major_trick_holds_by_its_strides_and_names_what_loses_them() -> None:
    survivals = (Survival(after="deepcopy", is_kept=True), Survival(after="load_state_dict", is_kept=False))
    trick = Trick(shape=(2, 10), strides=(1, 2), is_right=True, survivals=survivals)
    kernels = {"kernels": [make_row(0.9, COSTS, runtime="eager-linear")]}
    finding = columnmajor.examine(FakeLab(answers={"follow_strides": trick}, comparisons=kernels))
    assert finding.outcome is Outcome.HOLDS
    assert "kept by deepcopy; lost by load_state_dict" in finding.reason
    assert names(finding)["ways that keep the strides"] == 1
    assert columnmajor.judge(changed(trick, strides=(10, 1))) is Outcome.DOES_NOT_HOLD
    assert columnmajor.judge(changed(trick, is_right=False)) is Outcome.DOES_NOT_HOLD


def test_storing_both_is_worked_out_from_the_kernels() -> None:
    cases = [make_row(2.0, PAYS, batch=1), make_row(0.5, COSTS, batch=8), make_row(1.0, EQUAL, runtime="eager")]
    finding = BOTH.examine(FakeLab(comparisons={"kernels": cases}))
    assert finding.outcome is Outcome.HOLDS
    assert names(finding)["layers that want both"] == 1
    assert names(finding)["weights to store besides"] == 4 * 64 * 64
    assert "linear-64x64 in numpy" in finding.reason


VIEW = TransposedView(
    matrix_bytes=400, shares_storage=True, view_bytes=0, contiguous_bytes=400, copies=("contiguous()",)
)


@pytest.mark.parametrize(
    ("view", "verdict", "outcome"),
    [
        (VIEW, EQUAL, Outcome.HOLDS),
        (VIEW, OPEN, Outcome.UNDECIDED),
        (VIEW, COSTS, Outcome.DOES_NOT_HOLD),
        (changed(VIEW, shares_storage=False), EQUAL, Outcome.DOES_NOT_HOLD),
        (changed(VIEW, view_bytes=400), EQUAL, Outcome.DOES_NOT_HOLD),
    ],
)
def test_a_transposition_is_free_if_it_allocates_nothing_and_large_calls_do_not_notice(
    view: TransposedView, verdict: Verdict, outcome: Outcome
) -> None:
    cases = [make_row(0.5, COSTS, shape=(16, 16)), make_row(1.0, verdict, shape=(1024, 1024))]
    finding = transposition.examine(FakeLab(answers={"look": view}, comparisons={"view": cases}))
    assert finding.outcome is outcome
    # in_out takes half the time of out_in: the view adds as much again
    assert names(finding)[".T adds to a call of 16x16"] == pytest.approx(0.5e-6)


def test_the_backward_pass_is_judged_by_itself_and_its_exceptions_are_named() -> None:
    cases = [
        make_row(1.2, PAYS, runtime="train-backward", shape=(64, 64)),
        make_row(1.2, PAYS, runtime="train-backward", shape=(256, 1024)),
        make_row(0.8, COSTS, runtime="train-backward", shape=(1024, 256), batch=32),
        make_row(0.8, COSTS, runtime="train-forward"),
        make_row(0.8, COSTS, runtime="train-step"),
    ]
    finding = training.examine(FakeLab(comparisons={"training": cases}))
    assert finding.outcome is Outcome.HOLDS
    assert "faster for 64x64 batch 1, 256x1024 batch 1; slower for 1024x256 batch 32" in finding.reason
    found = names(finding)
    assert (found["backward: pays off"], found["forward: costs"], found["both: costs"]) == (2, 1, 1)


def trained(layout: WeightLayout, *, losses: tuple[float, ...] = (1.0, 0.5), right: int = 140) -> Training:
    return Training(shapes=SHAPES[layout], losses=losses, right=right)


@pytest.mark.parametrize(
    ("in_out", "outcome"),
    [
        (trained(WeightLayout.IN_OUT), Outcome.HOLDS),
        (trained(WeightLayout.IN_OUT, losses=(1.0, 0.51)), Outcome.DOES_NOT_HOLD),
        (trained(WeightLayout.IN_OUT, right=139), Outcome.DOES_NOT_HOLD),
        (trained(WeightLayout.OUT_IN), Outcome.DOES_NOT_HOLD),
    ],
)
def test_iris_holds_if_shapes_losses_and_accuracy_are_as_said(in_out: Training, outcome: Outcome) -> None:
    run = IrisRun(
        flowers=150, trainings={WeightLayout.OUT_IN: trained(WeightLayout.OUT_IN), WeightLayout.IN_OUT: in_out}
    )
    finding = iris.examine(FakeLab(answers={"train": run}, comparisons={"iris-run": [make_row(1.0, EQUAL)]}))
    assert finding.outcome is outcome
    assert "[out, in]: [7, 4] and [3, 7]" in finding.reason


def test_a_wrong_fan_is_shown_with_its_rule() -> None:
    same, wrong = (1.0, 1.0, 1.0), (15.0, 16.0, 17.0)
    spreads = [
        Spread(rule="xavier", direct=(0.9, 1.0, 1.1), module=same),
        Spread(rule="kaiming", direct=wrong, module=same),
    ]
    finding = initialization.examine(FakeLab(answers={"compare_rules": spreads}))
    assert finding.outcome is Outcome.HOLDS
    assert finding.reason.startswith("wrong fan for kaiming; models.linear draws")
    assert initialization.judge((spreads[0],)) is Outcome.DOES_NOT_HOLD


def test_keras_holds_if_no_byte_changes() -> None:
    trip = RoundTrip(keras_version="3.0", kernels=((4, 7), (7, 3)), unchanged=12, total=12, output_error=1e-7)
    assert keras.examine(FakeLab(answers={"go_round": trip})).outcome is Outcome.HOLDS
    assert keras.judge(changed(trip, unchanged=11)) is Outcome.DOES_NOT_HOLD
    assert keras.judge(changed(trip, kernels=((7, 4), (3, 7)))) is Outcome.DOES_NOT_HOLD


def test_a_trial_that_dies_is_an_error_of_its_claim() -> None:
    with pytest.raises(ChildError, match="killed"):
        keras.examine(FakeLab(answers={"go_round": ChildError("died of SIGKILL (killed)")}))
