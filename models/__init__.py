"""What is measured: Linear layers and networks in either weight layout, and the suites that name them.

Importing this package imports no torch; `profiler.models.linear` and `profiler.models.networks` do.
"""

from profiler.models.layout import LinearShape, ShapeError, WeightLayout
from profiler.models.workload import Activation, Workload

__all__ = ["Activation", "LinearShape", "ShapeError", "WeightLayout", "Workload"]
