"""The trials themselves, with torch and in small, and the whole command with real runtimes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.death import ChildError
from profiler.base.errors import MissingPackageError
from profiler.claims import forum, iris, lab, locality, training, transposition
from profiler.claims.forum_records import ForumSetup
from profiler.claims.initialization import KAIMING
from profiler.claims.keras import WEIGHTS, RoundTrip
from profiler.claims.trials import columnmajor as columnmajor_trial
from profiler.claims.trials import forum as forum_trial
from profiler.claims.trials import initialization as initialization_trial
from profiler.claims.trials import iris as iris_trial
from profiler.claims.trials import keras as keras_trial
from profiler.claims.trials import transposition as transposition_trial
from profiler.claims.workshop import Workshop
from profiler.models.iris import SPECIES, load_iris, parse_iris
from profiler.models.layout import WeightLayout
from profiler.report.appendix_records import Scale

TINY = ForumSetup(b=2, m=8, n=6, warm=1, stat=3, time=2)


@pytest.fixture(autouse=True)
def _as_a_fresh_process() -> Any:
    """Other tests of this process may have switched autograd off or drawn numbers."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), torch.inference_mode(mode=False):
        yield
    torch.set_num_threads(threads)


def test_the_script_makes_its_products_and_keeps_its_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock is made to jump 1 s per reading, 2 s for every second pair."""
    readings = iter([0, 1, 10, 12, 20, 21, 30, 32, 40, 43, 50, 52])
    monkeypatch.setattr("time.time", lambda: next(readings))
    found = forum_trial.time_products(TINY, "cpu")
    assert found.in_out_mean_s == pytest.approx(5 / 3)  # 1, 1, 3
    assert found.out_in_mean_s == 2
    assert found.in_out_error_s == pytest.approx(np.std([1, 1, 3], ddof=1) / np.sqrt(2))  # stdev / sqrt(nStat - 1)
    assert found.out_in_error_s == 0
    assert TINY.products == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_the_script_runs_on_cuda_by_the_same_path() -> None:
    found = forum_trial.run_script(setup={"b": 2, "m": 8, "n": 6, "warm": 1, "stat": 3, "time": 2})
    assert found.cuda is not None
    assert found.cuda.device == torch.cuda.get_device_name()
    assert found.cuda.in_out_mean_s > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_cuda_the_script_runs_on_the_cpu_alone() -> None:
    found = forum_trial.run_script(setup={"b": 2, "m": 8, "n": 6, "warm": 1, "stat": 3, "time": 2})
    assert found.cuda is None
    assert found.cpu.in_out_mean_s > 0


def test_a_column_major_weight_has_the_strides_of_the_text_and_loses_them_where_said(tmp_path: Path) -> None:
    found = columnmajor_trial.follow_strides(folder=str(tmp_path))
    assert (found.shape, found.strides, found.is_right) == ((2, 10), (1, 2), True)
    kept = {survival.after: survival.is_kept for survival in found.survivals}
    assert not kept["load_state_dict"]
    assert kept["deepcopy"] and kept["torch.save"] and kept["load_state_dict(assign=True)"]  # noqa: PT018


def test_a_view_allocates_nothing_and_what_copies_is_named(tmp_path: Path) -> None:
    found = transposition_trial.look(folder=str(tmp_path))
    assert found.shares_storage
    assert found.view_bytes == 0
    assert found.contiguous_bytes >= found.matrix_bytes
    assert "torch.jit.optimize_for_inference" in found.copies


def test_both_layouts_learn_iris_alike(tmp_path: Path) -> None:
    found = iris_trial.train(epochs=4, folder=str(tmp_path / "iris"))
    assert found.flowers == 150
    assert found.loss_difference < iris.TOLERANCE
    assert iris.judge(found).value == "holds"
    losses = found.trainings[WeightLayout.OUT_IN].losses
    assert losses[-1] < losses[0]


def test_kaiming_takes_the_wrong_fan_of_an_in_out_parameter_and_the_module_does_not() -> None:
    found = {s.rule: s for s in initialization_trial.compare_rules(in_features=64, out_features=8, repeats=5)}
    low, _, high = found[KAIMING].direct
    assert low > 4
    assert low < 64 / 8 < high * 1.3
    assert all(spread.module == (1.0, 1.0, 1.0) for spread in found.values())


def test_keras_weights_come_back_and_compute_what_keras_computed() -> None:
    found = keras_trial.go_round(path=str(WEIGHTS))
    assert found.unchanged == found.total == 12
    assert found.output_error < 1e-5


def test_iris_is_fishers_data() -> None:
    data = load_iris()
    assert data.x.shape == (150, 4)
    assert np.bincount(data.species).tolist() == [50, 50, 50]
    assert data.x.mean(axis=0) == pytest.approx([5.8433, 3.0573, 3.758, 1.1993], abs=1e-4)
    assert data.x[34].tolist() == pytest.approx([4.9, 3.1, 1.5, 0.2])  # the UCI copy has 0.1 for the last


@given(st.lists(st.tuples(*[st.integers(0, 99)] * 4, st.sampled_from(SPECIES))))
def test_what_is_written_as_iris_lines_is_read_back(rows: list[tuple[Any, ...]]) -> None:
    text = "header\n" + "".join(f"{a / 10},{b / 10},{c / 10},{d / 10},{name}\n" for a, b, c, d, name in rows)
    found = parse_iris(text)
    assert found.x.shape == (len(rows), 4)
    assert [SPECIES[index] for index in found.species] == [row[-1] for row in rows]
    assert np.allclose(found.x * 10, [row[:4] for row in rows] or np.empty((0, 4)), atol=1e-4)


@given(st.text().filter(lambda text: text.strip() and not text.startswith(tuple("0123456789"))))
def test_a_line_that_is_no_flower_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"line 2 of the Iris data|could not convert"):
        parse_iris(f"header\n{line.splitlines()[0] or '?'}\n")


def test_the_workshop_serves_trial_after_trial_and_tells_of_problems() -> None:
    with Workshop() as workshop:
        trip = workshop.ask("profiler.claims.trials.keras:go_round", RoundTrip, limit_s=300, path=str(WEIGHTS))
        assert trip.total == 12
        with pytest.raises(ChildError, match="FileNotFoundError"):
            workshop.ask("profiler.claims.trials.keras:go_round", RoundTrip, limit_s=300, path="nowhere.npz")
    with Workshop() as workshop, pytest.raises(ChildError, match="did not end within 0 s"):
        workshop.ask("profiler.claims.trials.keras:go_round", RoundTrip, limit_s=0.01, path=str(WEIGHTS))


def test_without_torch_a_trial_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with Workshop() as workshop, pytest.raises(MissingPackageError, match=r'pip install "layout-profiler\[torch\]"'):
        workshop.ask("profiler.claims.trials.keras:go_round", RoundTrip, limit_s=1, path="x")


@pytest.mark.slow
def test_the_command_examines_all_claims_with_real_runtimes(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In small: one pass decides nothing, so only what needs no time can hold."""
    small = Scale.SMALL
    monkeypatch.setattr(lab, "SMALL_LOOKS", (1,))
    monkeypatch.setattr(lab, "ROUNDS", 3)
    monkeypatch.setattr(lab, "SLICE_S", 1e-5)
    monkeypatch.setitem(forum.SETUPS, small, TINY)
    monkeypatch.setitem(locality.MAX_WEIGHT_BYTES, small, 64 << 10)
    monkeypatch.setitem(locality.SIDES, small, (16,))
    monkeypatch.setitem(locality.BATCHES, small, (1, 2))
    monkeypatch.setattr(transposition, "SIDES", (16,))
    monkeypatch.setitem(training.GRID, small, ((16, 8),))
    monkeypatch.setitem(training.BATCHES, small, (1,))
    monkeypatch.setitem(iris.EPOCHS, small, 1)
    monkeypatch.setattr(iris, "RUNTIMES", ("numpy",))
    monkeypatch.setattr(locality, "KERNELS", ("eager-linear", "numpy"))
    path = tmp_path / "claims.json"
    outcome = cli("claims", "-o", path, "-q")
    assert outcome.status == 0, (outcome, path.read_text())
    results = json.loads(path.read_text())["results"]
    assert [result["number"] for result in results] == list(range(1, 12))
    assert not any(result["failed"] for result in results)
    outcomes = {result["number"]: result["outcome"] for result in results}
    assert {outcomes[number] for number in (4, 5, 9, 10, 11)} == {"holds"}
    assert {outcomes[number] for number in (1, 6, 8)} == {"undecided"}
    (ranks,) = [result["figures"] for result in results if result["number"] == 4]
    assert ranks[0]["value"] == ranks[0]["of"] > 100  # both layouts, three ranks, every runtime
    assert ranks[1]["value"] > 0  # torch's ONNX exporter, for inputs that are no matrix
