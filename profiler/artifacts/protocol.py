"""What the room of a file format offers: four modules, each imported when it is first needed.

`write` and `identity` may import whatever an exporter takes. `prove` runs on a board beside the runtime that is
measured, so it imports as little as it can. `evaluate` runs after a file was written, to check it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from profiler.artifacts.records import Form
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload

if TYPE_CHECKING:
    import numpy as np

    from profiler.artifacts.stored import StoredModel
    from profiler.models.networks import MLP
    from profiler.models.weight import Layer


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What inputs a file is for.

    Attributes:
        rank: the rank of its input, None where the file takes any.
        batch_shape: its leading dimensions, None where the file takes any of that rank.
    """

    rank: int | None = None
    batch_shape: tuple[int, ...] | None = None


@dataclasses.dataclass(frozen=True)
class ExportSource:
    """What a file shall hold.

    Attributes:
        workload: the layers' shapes and what follows each.
        network: the workload in torch, its parameters in the activations' number format and in `OUT_IN`.
        layers: the same weights as arrays, in the number format `dtype` and in `OUT_IN`.
        layout: how the file shall store them.
        form: controlled, or as people write it.
        dtype: the number format of the weights.
        inputs: which inputs the file is for.
    """

    workload: Workload
    network: "MLP"
    layers: "Sequence[Layer]"
    layout: WeightLayout
    form: Form
    dtype: NumberFormat
    inputs: Inputs


class Writer(Protocol):
    """The module `write` of a file format."""

    def write(self, source: ExportSource, path: Path) -> tuple[Path, ...]:
        """Write a file, and return the parts that were written beside it, in the same folder.

        Raises:
            ExportError: the format cannot hold that.
        """
        ...


class IdentityWriter(Protocol):
    """The module `identity` of a file format that needs a file to time a call that does nothing."""

    def write_identity(
        self, workload: Workload, path: Path, *, dtype: NumberFormat, inputs: Inputs
    ) -> tuple[Path, ...]:
        """Write a model that hands its input on, cut or padded, and return the parts beside it."""
        ...


class Prover(Protocol):
    """The module `prove` of a file format. `IDENTITY_OPERATORS` are those that an identity model may hold."""

    IDENTITY_OPERATORS: frozenset[str]

    def prove(self, path: Path) -> "StoredModel":
        """What a file and its parts store, read back from them; no part outside its folder is read.

        Raises:
            ArtifactError: it is damaged, hostile, or its weights are not finite numbers.
        """
        ...


class Evaluator(Protocol):
    """The module `evaluate` of a file format."""

    def load(self, path: Path, workload: Workload) -> "Callable[[np.ndarray], np.ndarray]":
        """A function that computes `[..., in_features] -> [..., out_features]` as the file says."""
        ...
