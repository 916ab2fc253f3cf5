"""What a TorchScript file stores: the constants of its frozen graph, their shapes and strides.

`torch.jit.load` reads tensors and code with a reader of its own, not with Python's pickle. The code is looked at
before it is ever called: only the operators of a network of Linear layers pass.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiler.artifacts.records import LayerProof
from profiler.artifacts.stored import StoredModel, prove_layer, stored_weight
from profiler.base.errors import ArtifactError
from profiler.models.layout import WeightLayout

if TYPE_CHECKING:
    import torch

_ALLOWED = {  # a network of Linear layers, and an identity model
    "aten::linear", "aten::matmul", "aten::mm", "aten::addmm", "aten::add", "aten::t", "aten::relu", "aten::tanh",
    "aten::log_softmax", "aten::unsqueeze", "aten::squeeze", "aten::clone",
    "aten::narrow", "aten::slice", "aten::pad", "prim::Constant", "prim::GetAttr", "prim::ListConstruct",
}  # fmt: skip

IDENTITY_OPERATORS = frozenset({"aten::clone", "aten::narrow", "aten::slice", "aten::pad"})
_WEIGHT_INPUT = {"aten::linear": 1, "aten::matmul": 1, "aten::mm": 1, "aten::addmm": 2}


MAX_CODE_BYTES = 10_000_000
_ENTRY = re.compile(
    r"[^/]+/(data\.pkl|constants\.pkl|version|byteorder|\.data/serialization_id|\.format_version|\.storage_alignment"
    r"|(constants|data|tensors)/[0-9]+|code/__torch__(/[A-Za-z0-9_]+)*\.py(\.debug_pkl)?)"
)


def prove(path: Path) -> StoredModel:
    """The operators and Linear layers of a TorchScript file.

    Raises:
        ArtifactError: it is damaged, calls an operator no Linear network needs, or its weights are not finite.
    """
    return stored_model(load_module(path), where=str(path))


def load_module(path: Path) -> "torch.jit.ScriptModule":
    """Load a TorchScript file on the CPU, without running it.

    Raises:
        ArtifactError: it is damaged, or calls an operator no Linear network needs.
    """
    import torch

    _refuse_code_that_runs_on_loading(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module: torch.jit.ScriptModule = torch.jit.load(str(path), map_location="cpu")
    except (RuntimeError, ValueError, OSError) as error:
        raise ArtifactError(f"{path} is no TorchScript file: {str(error).splitlines()[0]}") from error
    foreign = {node.kind() for node in _nodes(module)} - _ALLOWED
    if foreign:
        raise ArtifactError(f"{path} calls {', '.join(sorted(foreign))[:200]}, which no Linear network needs")
    module.eval()
    return module


def _refuse_code_that_runs_on_loading(path: Path) -> None:
    """A `__setstate__` method would be run by `torch.jit.load` itself, before anyone has looked at it.

    torch finds the entries of its archive whatever their case, so every entry must bear a name that torch writes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not _ENTRY.fullmatch(entry.filename):
                    raise ArtifactError(f"{path} holds {entry.filename[:80]!r}, which torch does not write")
                is_code = entry.filename.endswith(".py")
                if is_code and (entry.file_size > MAX_CODE_BYTES or b"__setstate__" in archive.read(entry)):
                    raise ArtifactError(f"{path} holds code that would run on loading; no exported model needs that")
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise ArtifactError(f"{path} is no TorchScript file: {error}") from error


def stored_model(module: "torch.jit.ScriptModule", *, where: str) -> StoredModel:
    """The operators of a loaded, frozen module and its Linear layers."""
    return stored_nodes(_nodes(module), where=where)


def stored_nodes(graph: Iterable[Any], *, where: str) -> StoredModel:
    """The operators among the nodes of a graph, and the products with a constant weight among them."""
    nodes = [node for node in graph if not node.kind().startswith("prim::")]
    layers = (_layer(node, where) for node in nodes)
    return StoredModel(
        operators=tuple(node.kind() for node in nodes),
        layers=tuple(layer for layer in layers if layer is not None),
    )


def _nodes(module: "torch.jit.ScriptModule") -> Iterator[Any]:
    try:
        yield from module.inlined_graph.nodes()
    except (RuntimeError, AttributeError) as error:
        raise ArtifactError(f"a TorchScript file without a forward method: {error}") from error


def _layer(node: Any, where: str) -> LayerProof | None:
    """The proof of a product with a constant weight, None for any other node."""
    if node.kind() not in _WEIGHT_INPUT:
        return None
    weight = list(node.inputs())[_WEIGHT_INPUT[node.kind()]].toIValue()
    if weight is None or weight.dim() != 2:  # noqa: PLR2004 - a matrix
        return None
    # aten::linear takes [out, in]; contiguous, that is what lies in memory; otherwise its strides tell of [in, out]
    takes_out_in = node.kind() == "aten::linear"
    if weight.is_contiguous():
        stored, is_out_in, how = weight, takes_out_in, "contiguous"
    elif weight.t().is_contiguous():
        stored, is_out_in, how = weight.t(), not takes_out_in, "transposed view"
    else:
        raise ArtifactError(f"{where}: a weight with strides {weight.stride()} is in neither layout")
    layout = WeightLayout.OUT_IN if is_out_in else WeightLayout.IN_OUT
    return prove_layer(
        operator=f"{node.kind()} ({how})",
        weight=stored_weight(stored.detach().numpy(), layout, where=where),
        where=where,
    )
