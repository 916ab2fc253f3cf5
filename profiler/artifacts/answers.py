"""The right answers: a float32 input, its float64 output, and how far a float32 runtime may be off."""

import dataclasses

import numpy as np

from profiler.artifacts.weights import Layer
from profiler.models.reference import activate
from profiler.models.workload import Activation, Workload

UNIT_ROUNDOFF = 2.0**-24  # of float32, round to nearest: Higham 2002, table 2.1
CONFIDENCE_FACTOR = 8.0  # lambda of Higham & Mary 2019, theorem 2.4: failure probability 2 exp(-lambda^2 / 2) a sum
_BLOCK_ROWS = 1 << 20


@dataclasses.dataclass(frozen=True)
class RightAnswer:
    """Input `x` `[..., in]` in float32; output `y` and tolerance, both `[..., out]` in float64."""

    x: np.ndarray
    y: np.ndarray
    tolerance: np.ndarray


def right_answer(workload: Workload, layers: list[Layer], batch_shape: tuple[int, ...], *, seed: int) -> RightAnswer:
    """Draw an input and evaluate the network in float64.

    The tolerance follows the rounding errors of a float32 evaluation in any order of summation: each product adds
    `lambda sqrt(n) u (|W||x| + |b|)` (Higham & Mary 2019, "A new approach to probabilistic rounding error analysis",
    theorem 3.1), errors of one layer go through the next as independent ones. The worst-case bound
    (Higham 2002, equation 3.5) would grow past any use over ten layers.
    """
    generator = np.random.default_rng([seed, *batch_shape])
    x = generator.standard_normal((*batch_shape, workload.in_features), dtype=np.float32)
    value = x.astype(np.float64).reshape(-1, workload.in_features)
    error = np.zeros_like(value)
    last = len(layers) - 1
    for index, (weight, bias) in enumerate(layers):
        value, error = _linear(value, error, weight, bias)
        value, error = _activate(value, error, workload.output if index == last else workload.hidden)
    shape = (*batch_shape, workload.out_features)
    return RightAnswer(x=x, y=value.reshape(shape), tolerance=error.reshape(shape))


def _linear(
    value: np.ndarray, error: np.ndarray, weight: np.ndarray, bias: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    rows, out_features = value.shape[0], weight.shape[0]
    product, carried, magnitude = (np.empty((rows, out_features)) for _ in range(3))
    step = max(1, _BLOCK_ROWS // weight.shape[1])  # a few rows at a time: float64 copies of all would triple memory
    for start in range(0, out_features, step):
        block = weight[start : start + step].astype(np.float64)
        product[:, start : start + step] = value @ block.T
        carried[:, start : start + step] = np.square(error) @ np.square(block).T
        magnitude[:, start : start + step] = np.abs(value) @ np.abs(block).T
    if bias is not None:
        product += bias
        magnitude += np.abs(bias)
    own = CONFIDENCE_FACTOR * np.sqrt(weight.shape[1] + 1) * UNIT_ROUNDOFF * magnitude
    return product, np.hypot(np.sqrt(carried), own)


def _activate(value: np.ndarray, error: np.ndarray, activation: Activation) -> tuple[np.ndarray, np.ndarray]:
    """Each function's value; its slope is at most 1 (2 for log-softmax), its own evaluation off by a few roundings."""
    result = activate(value, activation)
    if activation is Activation.TANH:
        return result, error + CONFIDENCE_FACTOR * UNIT_ROUNDOFF
    if activation is Activation.LOG_SOFTMAX:
        own = CONFIDENCE_FACTOR * np.sqrt(value.shape[-1]) * UNIT_ROUNDOFF * (1 + np.abs(value) + np.abs(result))
        return result, 2 * error.max(axis=-1, keepdims=True) + own
    return result, error
