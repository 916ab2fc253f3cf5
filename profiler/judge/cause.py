"""Why a case came out as it did: the regime it lives in, and one plain sentence of cause.

Nothing is guessed: the sentence follows from what the runtime was seen to execute, from the overhead and the limits
that were measured, and from the verdict. Where these do not say why, it says that they do not.
"""

from collections.abc import Mapping

from profiler.judge.limits import AT_LIMIT, BEATEN
from profiler.judge.records import Limit, LimitedBy, Overhead, Regime, RegimeBound, Verdict
from profiler.models.layout import WeightLayout
from profiler.session.records import Case, Control, Executed, ExecutedLayout

_DIFFERENT = (Verdict.PAYS_OFF, Verdict.COSTS)
_AXES = {ExecutedLayout.OUT_IN: WeightLayout.OUT_IN.axes, ExecutedLayout.IN_OUT: WeightLayout.IN_OUT.axes}


def regime_of(
    executed: Mapping[WeightLayout, Executed], *, level: str, overhead: Overhead | None, limit: Limit | None
) -> Regime:
    """What a case's calls are bound by.

    Args:
        executed: what the runtime executes for each layout, as far as that is known.
        level: the first cache that holds the weights, or `memory`.
        overhead: what a call costs without its layers.
        limit: the bound by measured peak and bandwidth. The faster layout's share of it decides: what the slower one
            loses is the layout's doing and not the machine's.
    """
    return Regime(
        level=level,
        bound_by=_bound(overhead, limit),
        is_packed=len(executed) == len(WeightLayout)
        and all(found.layout is ExecutedLayout.PACKED for found in executed.values()),
    )


def _bound(overhead: Overhead | None, limit: Limit | None) -> RegimeBound:
    if overhead is not None and overhead.is_bound:
        return RegimeBound.OVERHEAD
    if limit is None or not limit.fractions:
        return RegimeBound.UNKNOWN
    best = max(limit.fractions.values())
    if best < AT_LIMIT:
        return RegimeBound.NEITHER
    if limit.limited_by is LimitedBy.COMPUTE:
        return RegimeBound.COMPUTE
    return RegimeBound.MEMORY if best <= BEATEN else RegimeBound.UNKNOWN  # beaten: the probe was wrong


def cause_of(
    case: Case,
    executed: Mapping[WeightLayout, Executed],
    verdict: Verdict | None,
    regime: Regime,
    *,
    is_one_layout: bool,
) -> str:
    """One sentence: why the layouts are equal or differ, or why nobody can tell.

    Args:
        case: what was compared.
        executed: what the runtime executes for each layout, as far as that is known.
        verdict: the answer; None for a case that has not been measured.
        regime: what its calls are bound by.
        is_one_layout: whether both layouts are the same bytes, since every weight has one row or column.
    """
    known = _known_otherwise(case, executed, is_one_layout=is_one_layout)
    if verdict is None or known is not None:
        return known or "not measured: failures and warnings say why, if anything went wrong"
    found = {executed[layout].layout for layout in WeightLayout}
    if len(found) == 1:
        return _one_layout(case.runtime, found.pop(), executed, verdict)
    return _two_layouts(executed, verdict, regime)


def _known_otherwise(case: Case, executed: Mapping[WeightLayout, Executed], *, is_one_layout: bool) -> str | None:
    """What leaves nothing to explain by layouts; None where something is left."""
    if case.control is not Control.NONE:
        return "all arms load the same file: a control says nothing of layouts"
    if is_one_layout:
        return "the weight has one row or one column: both layouts are the same bytes"
    if len(executed) < len(WeightLayout):
        return "nothing was checked, so what is executed is not known"
    if any(found.layout is ExecutedLayout.UNKNOWN for found in executed.values()):
        return "what the runtime executes could not be read, so the cause is not known"
    return None


def _one_layout(
    runtime: str, layout: ExecutedLayout, executed: Mapping[WeightLayout, Executed], verdict: Verdict
) -> str:
    """The cause where both files end in one layout before the first call."""
    if layout is ExecutedLayout.PACKED:
        what = f"{runtime} packs both into an order of its own at load"
    else:
        rewrote = [stored.axes for stored in WeightLayout if executed[stored].layout.value != stored.value]
        what = f"{runtime} turns {' and '.join(rewrote)} into {_AXES[layout]} before the first call, and runs both so"
    if verdict is Verdict.EQUAL:
        return f"equal because {what}"
    if verdict is Verdict.UNDECIDED:
        return f"undecided, but no layout is left to differ in: {what}"
    if _operators(executed, WeightLayout.OUT_IN) != _operators(executed, WeightLayout.IN_OUT):
        return f"{what}; what differs is the operators around the weight"
    return f"not explained by the layout: {what}; look at the null, and measure again"


def _two_layouts(executed: Mapping[WeightLayout, Executed], verdict: Verdict, regime: Regime) -> str:
    """The cause where the kernels get what is stored, in two layouts."""
    out_in, in_out = (_operators(executed, layout) for layout in WeightLayout)
    is_same = _name(out_in) == _name(in_out)
    names = _name(out_in) if is_same else f"{out_in} and {in_out}"
    kernels = f"the kernels of {names} get the weight as it is stored"
    if verdict in _DIFFERENT:
        axes = [WeightLayout.OUT_IN.axes, WeightLayout.IN_OUT.axes]
        faster, slower = axes if verdict is Verdict.PAYS_OFF else reversed(axes)
        by = "" if is_same else ", by layout or by operator"
        return f"{kernels}, and {faster} is faster than {slower} at this shape and batch{by}"
    if verdict is Verdict.EQUAL:
        return f"equal though {kernels}: {_why_equal(regime)}"
    return f"{kernels}, so the layout may matter; this run does not tell whether it does"


def _why_equal(regime: Regime) -> str:
    if regime.bound_by is RegimeBound.OVERHEAD:
        return "most of a call is the runtime's own"
    if regime.bound_by is RegimeBound.MEMORY:
        return f"both wait for the weights to come from {regime.level}"
    return "the two ways are about as fast at this shape and batch"


def _operators(executed: Mapping[WeightLayout, Executed], layout: WeightLayout) -> str:
    return executed[layout].operator


def _name(operator: str) -> str:
    """`Gemm` of `Gemm(transB=1)`, `aten::linear` of `aten::linear (contiguous)`: the operator without its layout."""
    return ", ".join(dict.fromkeys(part.partition("(")[0].strip() for part in operator.split("), ")))
