"""Why: a sentence that follows from what was seen, or says that nobody knows."""

import itertools

import pytest

from profiler.judge.cause import cause_of, regime_of
from profiler.judge.records import Limit, LimitedBy, Overhead, Regime, RegimeBound, Verdict
from profiler.models.layout import WeightLayout
from profiler.session.records import Case, Control, Executed, ExecutedLayout
from tests.sessions import make_case

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
GEMMS = ("Gemm(transB=1)", "Gemm(transB=0)")


def executed(out_in: str, in_out: str, operators: tuple[str, str] = GEMMS) -> dict[WeightLayout, Executed]:
    return {
        layout: Executed(layout=ExecutedLayout(found), operator=operator, known_by="made up")
        for layout, found, operator in zip(WeightLayout, (out_in, in_out), operators, strict=True)
    }


def cause(
    found: dict[WeightLayout, Executed],
    verdict: Verdict | None,
    bound_by: RegimeBound = RegimeBound.NEITHER,
    *,
    case: Case | None = None,
    is_one_layout: bool = False,
) -> str:
    regime = Regime(level="L3", bound_by=bound_by, is_packed=False)
    return cause_of(case or make_case(runtime="rt"), found, verdict, regime, is_one_layout=is_one_layout)


def test_packing_is_named_as_the_cause_of_equal() -> None:
    packed = executed("packed", "packed")
    assert cause(packed, Verdict.EQUAL) == "equal because rt packs both into an order of its own at load"
    assert "no layout is left to differ in" in cause(packed, Verdict.UNDECIDED)
    assert cause(packed, Verdict.COSTS).startswith("rt packs both")


def test_a_rewritten_arm_is_named_and_a_difference_without_a_layout_is_not_explained_by_it() -> None:
    rewritten = executed("in_out", "in_out", ("aten::matmul (contiguous)",) * 2)
    assert cause(rewritten, Verdict.EQUAL) == (
        "equal because rt turns [out, in] into [in, out] before the first call, and runs both so"
    )
    for verdict in (Verdict.PAYS_OFF, Verdict.COSTS):
        assert "not explained by the layout" in cause(rewritten, verdict)
        assert "look at the null" in cause(rewritten, verdict)


def test_stored_layouts_that_are_executed_say_which_is_faster() -> None:
    stored = executed("out_in", "in_out")
    assert "[out, in] is faster than [in, out]" in cause(stored, Verdict.PAYS_OFF)
    assert "[in, out] is faster than [out, in]" in cause(stored, Verdict.COSTS)
    assert cause(stored, Verdict.COSTS).startswith("the kernels of Gemm get the weight as it is stored")
    assert "by layout or by operator" not in cause(stored, Verdict.COSTS)
    unlike = executed("out_in", "in_out", ("F.linear (aten::addmm)", "x @ W (aten::mm)"))
    assert "by layout or by operator" in cause(unlike, Verdict.COSTS)


@pytest.mark.parametrize(
    ("bound_by", "words"),
    [
        (RegimeBound.OVERHEAD, "most of a call is the runtime's own"),
        (RegimeBound.MEMORY, "both wait for the weights to come from L3"),
        (RegimeBound.COMPUTE, "about as fast"),
        (RegimeBound.UNKNOWN, "about as fast"),
    ],
)
def test_equal_over_two_layouts_has_its_regime_as_cause(bound_by: RegimeBound, words: str) -> None:
    assert words in cause(executed("out_in", "in_out"), Verdict.EQUAL, bound_by)


def test_what_is_not_known_is_not_explained() -> None:
    assert cause(executed("packed", "packed"), None).startswith("not measured")
    assert "not known" in cause({}, Verdict.EQUAL)
    assert "not known" in cause(executed("unknown", "in_out"), Verdict.COSTS)
    assert "control" in cause(executed("out_in", "in_out"), Verdict.EQUAL, case=make_case(control=Control.IDENTICAL))
    assert "same bytes" in cause(executed("out_in", "in_out"), Verdict.EQUAL, is_one_layout=True)


def test_every_outcome_has_one_sentence() -> None:
    for out_in, in_out, verdict, bound_by in itertools.product(ExecutedLayout, ExecutedLayout, Verdict, RegimeBound):
        text = cause(executed(out_in, in_out), verdict, bound_by)
        assert text
        assert "\n" not in text
        assert not text.endswith(".")


def limit(by: LimitedBy, *fractions: float) -> Limit:
    return Limit(
        flops=1,
        bytes=1,
        level="L3",
        limited_by=by,
        bound_s=1.0,
        fractions=dict(zip(WeightLayout, fractions, strict=True)),
    )


@pytest.mark.parametrize(
    ("share", "found", "expected"),
    [
        (0.6, limit(LimitedBy.MEMORY, 0.9, 0.9), RegimeBound.OVERHEAD),
        (0.4, limit(LimitedBy.MEMORY, 0.9, 0.3), RegimeBound.MEMORY),
        (0.4, limit(LimitedBy.COMPUTE, 0.3, 0.9), RegimeBound.COMPUTE),
        (0.4, limit(LimitedBy.MEMORY, 0.5, 0.4), RegimeBound.NEITHER),
        (0.4, limit(LimitedBy.MEMORY, 1.5, 0.4), RegimeBound.UNKNOWN),
        (0.4, None, RegimeBound.UNKNOWN),
        (None, limit(LimitedBy.MEMORY, 0.9, 0.9), RegimeBound.MEMORY),
    ],
)
def test_the_faster_layout_tells_the_regime(share: float | None, found: Limit | None, expected: RegimeBound) -> None:
    overhead = None if share is None else Overhead(time_s=1.0, share=share, is_bound=share > 0.5, speedup=None)
    regime = regime_of(executed("packed", "packed"), level="L2", overhead=overhead, limit=found)
    assert regime == Regime(level="L2", bound_by=expected, is_packed=True)
    assert not regime_of(executed("packed", "in_out"), level="L2", overhead=None, limit=None).is_packed
    assert not regime_of({}, level="L2", overhead=None, limit=None).is_packed
