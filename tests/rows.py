"""Made-up rows, for tests of what is said of them."""

import math

from profiler.artifacts.records import Form
from profiler.judge.records import Estimate, LayoutRow, Regime, RegimeBound, Row, Verdict
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.session.records import Case, Control, Weights


def make_row(
    speedup: float | None,
    verdict: Verdict = Verdict.UNDECIDED,
    *,
    width: float = 0.01,
    runtime: str = "numpy",
    shape: tuple[int, int] = (64, 64),
    batch: int = 1,
    control: Control = Control.NONE,
    copy: int = 0,
) -> Row:
    """A case with that speedup, its interval and that of the null `width` wide to either side on the log scale."""
    case = Case(
        runtime=runtime,
        form=Form.CONTROLLED,
        workload=f"linear-{shape[0]}x{shape[1]}",
        batch_shape=(batch,),
        dtype=NumberFormat.FLOAT32,
        threads=1,
        weights=Weights.WARM,
        control=control,
        copy=copy,
    )
    times = (None, None) if speedup is None else (1e-6, 1e-6 * speedup)
    return Row(
        case=case,
        name=f"linear-{shape[0]}x{shape[1]}",
        title=f"{shape[0]}x{shape[1]}",
        dimensions=f"{shape[0]}x{shape[1]}",
        in_features=shape[0],
        out_features=shape[1],
        batch=str(batch),
        weight_bytes=4 * shape[0] * shape[1],
        fits_in="L1",
        arms={
            layout: LayoutRow(stored_layout=None, executed=None, time_s=time_s)
            for layout, time_s in zip(WeightLayout, times, strict=True)
        },
        speedup=None if speedup is None else around(speedup, width),
        null=None if speedup is None else around(1.0, width),
        noise_floor=None if speedup is None else math.expm1(width),
        is_biased=False,
        passes=12,
        disturbed_passes=0,
        verdict=verdict,
        reason="made up",
        more_passes=None,
        decidable_margin=None,
        overhead=None,
        cost=None,
        limit=None,
        regime=Regime(level="L1", bound_by=RegimeBound.UNKNOWN, is_packed=False),
        cause="made up",
    )


def around(ratio: float, width: float) -> Estimate:
    """An interval that reaches `width` to either side on the log scale."""
    return Estimate(point=ratio, low=ratio * math.exp(-width), high=ratio * math.exp(width), confidence_level=0.95)
