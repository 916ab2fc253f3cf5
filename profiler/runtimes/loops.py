"""The reference kernels: the loops that textbooks argue from, one function per loop order and layout.

Every kernel computes `y = x W + b`: `x` `[rows, in]`, `y` `[rows, out]`, `b` `[out]`, and `w` as it is stored, all of
them float32 and C-contiguous. Plain Python, so that they can be read and tested as they are; `reference` has numba
compile them. Nothing allows the compiler to reorder a sum, so each of them adds in the order that is written.
"""

import numpy as np

TILE = 32  # rows and columns of a tile: 4 KiB of float32, which fits every first-level cache


def dot_out_in(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """One output after the other, over `w` `[out, in]`: the inner loop walks along a row of the weight."""
    for row in range(x.shape[0]):
        for out in range(w.shape[0]):
            total = np.float32(0)
            for i in range(w.shape[1]):
                total += x[row, i] * w[out, i]
            y[row, out] = total + b[out]


def dot_in_out(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """One output after the other, over `w` `[in, out]`: the inner loop steps down a column of the weight."""
    for row in range(x.shape[0]):
        for out in range(w.shape[1]):
            total = np.float32(0)
            for i in range(w.shape[0]):
                total += x[row, i] * w[i, out]
            y[row, out] = total + b[out]


def row_out_in(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """One input after the other, over `w` `[out, in]`: the inner loop steps down a column of the weight."""
    for row in range(x.shape[0]):
        for out in range(w.shape[0]):
            y[row, out] = b[out]
        for i in range(w.shape[1]):
            value = x[row, i]
            for out in range(w.shape[0]):
                y[row, out] += value * w[out, i]


def row_in_out(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """One input after the other, over `w` `[in, out]`: the inner loop walks along a row of the weight."""
    for row in range(x.shape[0]):
        for out in range(w.shape[1]):
            y[row, out] = b[out]
        for i in range(w.shape[0]):
            value = x[row, i]
            for out in range(w.shape[1]):
                y[row, out] += value * w[i, out]


def blocked_out_in(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """Row order within tiles, over `w` `[out, in]`.

    Each tile is copied first, along the rows it is stored in: every cache line of the weight is fetched once and used
    up at once. Without the copy the rows of a tile would lie a power of two apart, and push each other out.
    """
    tile = np.empty((TILE, TILE), np.float32)
    for row in range(x.shape[0]):
        for out in range(w.shape[0]):
            y[row, out] = b[out]
    for first_out in range(0, w.shape[0], TILE):
        outs = min(TILE, w.shape[0] - first_out)
        for first_in in range(0, w.shape[1], TILE):
            ins = min(TILE, w.shape[1] - first_in)
            for out in range(outs):
                for i in range(ins):
                    tile[i, out] = w[first_out + out, first_in + i]
            for row in range(x.shape[0]):
                for i in range(ins):
                    value = x[row, first_in + i]
                    for out in range(outs):
                        y[row, first_out + out] += value * tile[i, out]


def blocked_in_out(x: np.ndarray, w: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """Row order within tiles, over `w` `[in, out]`: each is copied first, along the rows of the weight."""
    tile = np.empty((TILE, TILE), np.float32)
    for row in range(x.shape[0]):
        for out in range(w.shape[1]):
            y[row, out] = b[out]
    for first_out in range(0, w.shape[1], TILE):
        outs = min(TILE, w.shape[1] - first_out)
        for first_in in range(0, w.shape[0], TILE):
            ins = min(TILE, w.shape[0] - first_in)
            for i in range(ins):
                for out in range(outs):
                    tile[i, out] = w[first_in + i, first_out + out]
            for row in range(x.shape[0]):
                for i in range(ins):
                    value = x[row, first_in + i]
                    for out in range(outs):
                        y[row, first_out + out] += value * tile[i, out]


def copy_rows(x: np.ndarray, y: np.ndarray) -> None:
    """The identity: `x` `[rows, in]` into `y` `[rows, out]`, as many columns as both have."""
    for row in range(x.shape[0]):
        for i in range(min(x.shape[1], y.shape[1])):
            y[row, i] = x[row, i]
