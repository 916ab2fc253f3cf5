"""Takes the weights of a Keras model through the project's module and back."""

from pathlib import Path

import numpy as np
import torch

from profiler.claims.keras import RoundTrip
from profiler.models.layout import WeightLayout
from profiler.models.linear import Linear

LAYERS = 2


def go_round(*, path: str) -> RoundTrip:
    """Take the saved weights from Keras into the module and back, and into it again, in both layouts."""
    with np.load(Path(path), allow_pickle=False) as saved:
        arrays = {name: saved[name] for name in saved.files}
    weights = [(arrays[f"kernel_{index}"], arrays[f"bias_{index}"]) for index in range(LAYERS)]
    unchanged, errors = [], []
    for layout in WeightLayout:
        layers = [Linear.from_keras(kernel, bias, layout) for kernel, bias in weights]
        for layer, (kernel, bias) in zip(layers, weights, strict=True):
            kernel_back, bias_back = layer.to_keras()
            assert bias_back is not None
            unchanged += [_same(kernel, kernel_back), _same(bias, bias_back)]
            again = Linear.from_keras(kernel_back, bias_back, layout)
            unchanged.append(bool(torch.equal(again.weight, layer.weight)))
        with torch.no_grad():
            y = torch.log_softmax(layers[1](torch.tanh(layers[0](torch.from_numpy(arrays["x"])))), dim=-1)
        errors.append(float(np.abs(y.numpy() - arrays["y"]).max()))
    return RoundTrip(
        keras_version=str(arrays["keras_version"]),
        kernels=tuple((kernel.shape[0], kernel.shape[1]) for kernel, _ in weights),
        unchanged=sum(unchanged),
        total=len(unchanged),
        output_error=max(errors),
    )


def _same(given: np.ndarray, back: np.ndarray) -> bool:
    return given.dtype == back.dtype and given.shape == back.shape and given.tobytes() == back.tobytes()
