from hypothesis import given
from hypothesis import strategies as st

from profiler.judge.family import reject, reject_by_p_value


def step_down(p_values: dict[str, float], error: float) -> set[str]:
    """Holm's procedure as he wrote it: in order of the p-values, until one is too large."""
    found: set[str] = set()
    for name in sorted(p_values, key=lambda name: p_values[name]):
        if p_values[name] > error / (len(p_values) - len(found)):
            break
        found.add(name)
    return found


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 0.2), max_size=12))
def test_rejecting_until_nothing_more_is_rejected_is_holms_procedure(p_values: dict[str, float]) -> None:
    assert reject_by_p_value(p_values, error=0.05) == step_down(p_values, 0.05)


def test_what_is_rejected_leaves_its_share_to_the_others() -> None:
    assert reject_by_p_value({"a": 0.02, "b": 0.05}, error=0.05) == {"a", "b"}
    assert reject_by_p_value({"a": 0.03, "b": 0.05}, error=0.05) == set()


def test_what_cannot_be_tested_shares_the_error_all_the_same() -> None:
    assert reject_by_p_value({"a": 0.02}, error=0.05, sharing=2) == {"a"}
    assert reject_by_p_value({"a": 0.02}, error=0.05, sharing=3) == set()


def test_each_rejection_says_how_many_shared_the_error() -> None:
    p_values = {"a": 0.01, "b": 0.02, "c": 0.04}
    found = reject(p_values, lambda key, left: p_values[key] <= 0.05 / left, sharing=4)
    assert found == {"a": 4}
    assert reject(p_values, lambda key, left: p_values[key] <= 0.05 / left, sharing=3) == {"a": 3, "b": 2, "c": 1}
