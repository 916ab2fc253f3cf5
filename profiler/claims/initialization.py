"""Claim 10: weight initialisation reads the shape."""

from profiler.base.record import Record
from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory
from profiler.report.appendix_records import Figure, Finding, Outcome, Text

LIMIT_S = 900.0
IN_FEATURES, OUT_FEATURES = 512, 32
REPEATS = 20
KAIMING = "kaiming"
MATERIAL = 1.1  # a tenth more variance is nothing that training would notice


class Spread(Record, frozen=True, kw_only=True):
    """What a rule of initialisation makes of an `[in, out]` parameter.

    `direct`: the variance of the layer's outputs over that from the same rule and an `[out, in]` one: low, point and
    high of the 95 % interval. `module`: the same where the project's own module hands its weight to the rule.
    """

    rule: str
    direct: tuple[float, float, float]
    module: tuple[float, float, float]


def examine(lab: Laboratory) -> Finding:
    """Draw, push normal inputs through, and compare the variances."""
    spreads = lab.ask(
        "profiler.claims.trials.initialization:compare_rules",
        tuple[Spread, ...],
        limit_s=LIMIT_S,
        in_features=IN_FEATURES,
        out_features=OUT_FEATURES,
        repeats=REPEATS,
    )
    return Finding(
        done=f"uniform, Xavier and Kaiming uniform from torch.nn.init, Linear({IN_FEATURES}, {OUT_FEATURES}), "
        f"{REPEATS} draws, normal inputs: output variance from [in, out] over that from [out, in]",
        outcome=judge(spreads),
        reason=explain(spreads),
        figures=tuple(
            Figure(name=f"{spread.rule}: {how}", value=found[1], low=found[0], high=found[2])
            for spread in spreads
            for how, found in (("handed [in, out]", spread.direct), ("by models.linear", spread.module))
        ),
    )


def judge(spreads: tuple[Spread, ...]) -> Outcome:
    """Shape matters if a rule surely gives other variances, and only then."""
    return Outcome.HOLDS if any(map(is_wrong, spreads)) else Outcome.DOES_NOT_HOLD


def is_wrong(spread: Spread) -> bool:
    """Whether the variance is surely another one, by more than matters."""
    return spread.direct[0] > MATERIAL or spread.direct[2] < 1 / MATERIAL


def explain(spreads: tuple[Spread, ...]) -> str:
    """Which rules go wrong, and how the module avoids it."""
    wrong = [spread.rule for spread in spreads if is_wrong(spread)]
    safe = all(spread.module == (1.0, 1.0, 1.0) for spread in spreads)
    module = "models.linear draws every weight as [out, in] and then stores it, so both layouts get the same values"
    return f"wrong fan for {', '.join(wrong) or 'none'}; {module if safe else 'models.linear differs too'}"


CLAIM = Claim(
    number=10,
    text=Text.BLOG,
    quote="One scenario where the shape of weight matrices is relevant is when writing custom weight "
    "initialization code.",
    done="three rules of initialisation in both layouts",
    examine=examine,
)
