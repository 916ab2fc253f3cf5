"""What an ONNX file stores: read off its operators, their flags and the initializers they use."""

from pathlib import Path

from profiler.artifacts.onnx.file import Graph, Node, Tensor, read_graph
from profiler.artifacts.records import LayerProof
from profiler.artifacts.stored import StoredModel, prove_layer, stored_weight
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout

IDENTITY_OPERATORS = frozenset({"Identity", "Slice", "Pad"})
_TRANSPOSED = (1, 0)


def prove(path: Path) -> StoredModel:
    """The operators and Linear layers of an ONNX file. Needs no ONNX package.

    Raises:
        ArtifactError: it is damaged, keeps weights outside itself, or they are not finite.
    """
    return stored_model(read_graph(path), where=str(path))


def stored_model(graph: Graph, *, where: str) -> StoredModel:
    """What a graph stores, its own or one that a runtime has optimised."""
    for tensor in graph.initializers.values():
        if tensor.is_external:
            raise ArtifactError(f"{where}: weight {tensor.name[:80]!r} lies outside the file; export it as one file")
    producers = {name: node for node in graph.nodes for name in node.outputs}
    layers = (_layer(node, graph, producers, where) for node in graph.nodes)
    return StoredModel(
        operators=tuple(node.operator for node in graph.nodes),
        layers=tuple(layer for layer in layers if layer is not None),
    )


def _layer(node: Node, graph: Graph, producers: dict[str, Node], where: str) -> LayerProof | None:
    """The proof of a matrix product with a constant right side, None for any other node."""
    if node.operator not in {"Gemm", "MatMul", "FusedMatMul", "FusedGemm"} or len(node.inputs) < 2:  # noqa: PLR2004
        return None
    right, operator = node.inputs[1], node.operator
    flag = node.int_attribute("transB")
    flips = bool(flag)
    if operator != "MatMul":
        operator = f"{operator}(transB={flag})"
    producer = producers.get(right)
    if producer is not None and producer.operator == "Transpose" and len(producer.inputs) == 1:
        if producer.ints.get("perm", _TRANSPOSED) != _TRANSPOSED:
            return None
        right, flips, operator = producer.inputs[0], not flips, f"Transpose, {operator}"
    tensor: Tensor | None = graph.initializers.get(right)
    if tensor is None:
        return None
    layout = WeightLayout.OUT_IN if flips else WeightLayout.IN_OUT
    weight = stored_weight(tensor.matrix(where=where), layout, where=where)
    return prove_layer(operator=operator, weight=weight, where=where)
