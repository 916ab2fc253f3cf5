import itertools

import pytest

from profiler.judge.contrasts import EFFECT, NULL, NULL_IN_PAIRS, Contrast, contrast_of
from profiler.models.layout import WeightLayout
from profiler.session.arms import ARMS, Arm, arms_of

CONTRASTS = {"effect": EFFECT, "null": NULL, "null in pairs": NULL_IN_PAIRS}
OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT


def test_each_layout_has_two_arms_of_four() -> None:
    assert len(set(ARMS)) == 4
    assert [arm for layout in WeightLayout for arm in arms_of(layout)] == list(ARMS)
    assert Arm(IN_OUT, 2) in ARMS


@pytest.mark.parametrize("contrast", CONTRASTS.values(), ids=CONTRASTS)
def test_a_contrast_weighs_every_arm_alike_and_is_blind_to_what_all_share(contrast: Contrast) -> None:
    assert set(contrast) == set(ARMS)
    assert {abs(coefficient) for coefficient in contrast.values()} == {0.5}
    assert contrast_of(dict.fromkeys(ARMS, -7.0), contrast) == 0


@pytest.mark.parametrize("pair", list(itertools.combinations(CONTRASTS, 2)), ids=" and ".join)
def test_contrasts_are_uncorrelated(pair: tuple[str, str]) -> None:
    one, other = (CONTRASTS[name] for name in pair)
    assert sum(one[arm] * other[arm] for arm in ARMS) == 0


def test_the_effect_is_how_much_longer_in_out_takes_and_no_null_sees_it() -> None:
    logs = {arm: 0.2 if arm.layout is IN_OUT else 0.0 for arm in ARMS}
    assert contrast_of(logs, EFFECT) == 0.2
    assert contrast_of(logs, NULL) == contrast_of(logs, NULL_IN_PAIRS) == 0


def test_the_null_of_pairs_does_not_see_what_changed_between_the_pairs_and_the_other_does() -> None:
    logs = {arm: 0.2 if arm.copy == 2 else 0.0 for arm in ARMS}
    assert contrast_of(logs, EFFECT) == contrast_of(logs, NULL_IN_PAIRS) == 0
    assert contrast_of(logs, NULL) == -0.2
