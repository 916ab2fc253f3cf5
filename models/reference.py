"""The maths between Linear layers in numpy: what every runtime must compute."""

import numpy as np

from profiler.models.workload import Activation


def activate(value: np.ndarray, activation: Activation) -> np.ndarray:
    """The activation along the last axis, in the precision of its input."""
    if activation is Activation.RELU:
        return np.asarray(np.maximum(value, 0))
    if activation is Activation.TANH:
        return np.asarray(np.tanh(value))
    if activation is Activation.LOG_SOFTMAX:
        shifted = value - value.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
    return value
