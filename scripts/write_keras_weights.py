#!/usr/bin/env python3
"""Write `profiler/claims/keras_dense.npz`: weights, an input and the output of a real Keras model, trained a little.

Needs `pip install keras` beside torch; nothing else in this project does. Last run with Keras 3.15.1 on torch 2.13.0:

    KERAS_BACKEND=torch python scripts/write_keras_weights.py
"""

from pathlib import Path

import keras
import numpy as np

from profiler.claims.keras import WEIGHTS

SEED = 7


def main(path: Path = WEIGHTS) -> None:
    """Build 4-7-3, fit three epochs, save."""
    keras.utils.set_random_seed(SEED)
    layers = [
        keras.layers.Dense(7, activation="tanh"),
        keras.layers.Dense(3, activation="log_softmax"),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(optimizer="sgd", loss="mse")
    generator = np.random.default_rng(SEED)
    x = generator.standard_normal((16, 4)).astype(np.float32)
    model.fit(x, generator.standard_normal((16, 3)).astype(np.float32), epochs=3, verbose=0)
    arrays = {"keras_version": np.array(keras.__version__), "x": x, "y": np.asarray(model.predict(x, verbose=0))}
    for index, layer in enumerate(layers):
        arrays[f"kernel_{index}"], arrays[f"bias_{index}"] = layer.get_weights()
    np.savez(path, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
