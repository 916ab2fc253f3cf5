"""The Iris data: 150 flowers, four lengths in cm each, of three species. No torch here.

`iris.csv` holds the measurements of E. Anderson as R. A. Fisher published them (The use of multiple measurements in
taxonomic problems, 1936), public domain, in the version that scikit-learn ships (sklearn/datasets/data/iris.csv of
1.9.1), which has the two rows right that the UCI copy has wrong. vega-datasets 0.9.0 ships the same 150 rows.
"""

from importlib import resources
from typing import NamedTuple

import numpy as np

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")
SPECIES = ("setosa", "versicolor", "virginica")


class Iris(NamedTuple):
    """Inputs `[150, 4]` in float32 (cm), and the index of each flower's species in int64."""

    x: np.ndarray
    species: np.ndarray


def load_iris() -> Iris:
    """All 150 flowers, species by species."""
    return parse_iris(resources.files("profiler.models").joinpath("iris.csv").read_text())


def parse_iris(text: str) -> Iris:
    """Flowers from lines such as `5.1,3.5,1.4,0.2,setosa`; the first line names the columns.

    Raises:
        ValueError: a line is not of that kind.
    """
    x, species = [], []
    for number, line in enumerate(text.splitlines()[1:], 2):
        *lengths, name = line.split(",")
        if len(lengths) != len(FEATURES) or name not in SPECIES:
            raise ValueError(f"line {number} of the Iris data is {line[:80]!r}, not four lengths and a species")
        x.append([float(length) for length in lengths])
        species.append(SPECIES.index(name))
    return Iris(np.array(x, np.float32).reshape(-1, len(FEATURES)), np.array(species, np.int64))
