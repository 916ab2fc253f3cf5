"""What is measured: Linear layers and networks in either weight layout, and the suites that name them.

Importing this package imports no torch; `models.linear` and `models.networks` do.
"""

from models.layout import LinearShape, ShapeError, WeightLayout
from models.workload import Activation, Workload

__all__ = ["Activation", "LinearShape", "ShapeError", "WeightLayout", "Workload"]
