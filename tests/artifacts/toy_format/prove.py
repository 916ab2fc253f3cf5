"""What both files store."""

from pathlib import Path

from profiler.artifacts.stored import StoredModel, prove_layer

from .files import load, part_of

IDENTITY_OPERATORS = frozenset({"copy"})


def prove(path: Path) -> StoredModel:
    """The layers, and the file that their numbers lie in."""
    header, layers = load(path)
    return StoredModel(
        operators=("dot",) * len(layers) if header.dims else ("copy",),
        layers=tuple(prove_layer(operator="dot", weight=layer.weight, where=str(path)) for layer in layers),
        parts=(part_of(path).name,),
    )
