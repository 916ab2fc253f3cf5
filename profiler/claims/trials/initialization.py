"""Rules of torch.nn.init handed a parameter in the other layout, against the project's own module."""

import math
from collections.abc import Callable

import torch
from torch import nn

from profiler.claims.initialization import KAIMING, Spread
from profiler.judge.statistics import t_interval
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.linear import Linear

ROWS = 4096
INPUT_SEED = 10_000  # inputs shall not be drawn from the stream that the weights come from
CONFIDENCE = 0.95
Rule = Callable[[torch.Tensor], object]
RULES: dict[str, Rule] = {
    "uniform": lambda weight: nn.init.uniform_(weight, -0.1, 0.1),
    "xavier": nn.init.xavier_uniform_,
    KAIMING: lambda weight: nn.init.kaiming_uniform_(weight, a=math.sqrt(5)),
}


def compare_rules(*, in_features: int, out_features: int, repeats: int) -> list[Spread]:
    """The spread that each of the `RULES` makes of a layer's outputs, over so many draws of weights and inputs."""
    shape = LinearShape(in_features=in_features, out_features=out_features, bias=False)
    return [_compare(name, rule, shape, repeats) for name, rule in RULES.items()]


def _compare(name: str, rule: Rule, shape: LinearShape, repeats: int) -> Spread:
    direct, module = [], []
    for seed in range(repeats):
        x = torch.randn(ROWS, shape.in_features, generator=torch.Generator().manual_seed(INPUT_SEED + seed))
        right = _variance(x, _drawn(rule, shape, WeightLayout.OUT_IN, seed))
        direct.append(math.log(_variance(x, _drawn(rule, shape, WeightLayout.IN_OUT, seed).T) / right))
        own = {layout: _by_module(rule, shape, layout, seed) for layout in WeightLayout}
        out_in, in_out = (_variance(x, own[layout].out_in_weight().contiguous()) for layout in WeightLayout)
        module.append(math.log(in_out / out_in))
    return Spread(rule=name, direct=_interval(direct), module=_interval(module))


def _drawn(rule: Rule, shape: LinearShape, layout: WeightLayout, seed: int) -> torch.Tensor:
    """What someone gets who hands the rule a parameter of this layout."""
    torch.manual_seed(seed)
    weight = torch.empty(shape.weight_dims(layout))
    rule(weight)
    return weight


def _by_module(rule: Rule, shape: LinearShape, layout: WeightLayout, seed: int) -> Linear:
    module = Linear.empty(shape, layout)
    torch.manual_seed(seed)
    module.initialize_weight(rule)
    return module


def _variance(x: torch.Tensor, out_in: torch.Tensor) -> float:
    """The variance of all outputs that the weight makes of the inputs `x`."""
    return float((x @ out_in.T).var())


def _interval(logs: list[float]) -> tuple[float, float, float]:
    """Low, point and high end of a ratio's interval, from its logarithms."""
    found = t_interval(logs, confidence_level=CONFIDENCE)
    return math.exp(found.low), math.exp(found.point), math.exp(found.high)
