"""Reads the graph of an ONNX file straight off its protobuf encoding.

A board has no `onnx` package, which alone costs more memory than this whole program, yet must see for itself what a
file stores. Only the fields that matter are read; weights are not copied. Field numbers: `onnx/onnx.proto3`; wire
format: protobuf.dev, "Encoding".
"""

import dataclasses
import math
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from profiler.artifacts.onnx.types import READABLE
from profiler.base.errors import ArtifactError
from profiler.models.number_format import EXPORTED
from profiler.models.weight import MATRIX_RANK

_EXTERNAL = 1  # TensorProto.DataLocation.EXTERNAL
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_MAX_NODES = 100_000


@dataclasses.dataclass(frozen=True)
class Node:
    """One operator: its type, the names it reads and writes, and its integer attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ints: dict[str, tuple[int, ...]]

    def int_attribute(self, name: str) -> int:
        """An integer attribute, 0 where it is absent (the default of every one that is read here)."""
        values = self.ints.get(name, ())
        return values[0] if values else 0


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One initializer. `data` views the file's own bytes; None where they are stored in another way."""

    name: str
    dims: tuple[int, ...]
    data_type: int
    data: memoryview | None
    is_external: bool

    def matrix(self, *, where: str) -> np.ndarray:
        """The matrix, a view on the file.

        Raises:
            ArtifactError: it is no matrix of a number format that is exported, stored in the file itself.
        """
        if self.is_external:
            raise ArtifactError(f"{where}: weight {self.name[:80]!r} lies outside the file; export it as one file")
        dtype = READABLE.get(self.data_type)
        is_whole = (
            dtype is not None
            and len(self.dims) == MATRIX_RANK
            and self.data is not None
            and len(self.data) == dtype.stored_bytes(math.prod(self.dims))
        )
        if dtype is None or self.data is None or not is_whole:
            kinds = " or ".join(EXPORTED)
            raise ArtifactError(f"{where}: weight {self.name[:80]!r} with dimensions {self.dims} is no {kinds} matrix")
        return np.frombuffer(self.data, dtype=np.dtype(dtype.numpy_name).newbyteorder("<")).reshape(self.dims)


@dataclasses.dataclass(frozen=True)
class Graph:
    """The operators of a model in order, and its initializers by name."""

    nodes: tuple[Node, ...]
    initializers: dict[str, Tensor]


def read_graph(path: Path) -> Graph:
    """The main graph of an ONNX file.

    Raises:
        ArtifactError: it cannot be read or is no ONNX file.
    """
    try:
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise ArtifactError(f"cannot read {path}: {error}") from error
    return parse_graph(view, where=str(path))


def parse_graph(view: memoryview, *, where: str) -> Graph:
    """The main graph of an encoded ModelProto.

    Raises:
        ArtifactError: the bytes are no ModelProto with a graph.
    """
    try:
        nodes, tensors = _nodes_and_tensors(_main_graph(view))
    except (_WireError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{where} is no ONNX model we can use: {error}") from error
    return Graph(nodes=tuple(nodes), initializers={tensor.name: tensor for tensor in tensors})


def _main_graph(view: memoryview) -> memoryview:
    graphs = []
    for number, value in _fields(view):
        if number == 25:  # noqa: PLR2004 - ModelProto.functions
            raise _WireError("it defines functions of its own, which no Linear network needs")
        if number == 7 and isinstance(value, memoryview):  # noqa: PLR2004 - ModelProto.graph
            graphs.append(value)
    if len(graphs) != 1:
        raise _WireError(f"it holds {len(graphs)} graphs")
    return graphs[0]


def _nodes_and_tensors(graph: memoryview) -> tuple[list[Node], list[Tensor]]:
    nodes: list[Node] = []
    tensors: list[Tensor] = []
    for number, value in _fields(graph):
        if number == 1 and isinstance(value, memoryview):
            nodes.append(_node(value))
            if len(nodes) > _MAX_NODES:
                raise _WireError(f"it has more than {_MAX_NODES} operators")
        elif number == 5 and isinstance(value, memoryview):  # noqa: PLR2004 - initializer
            tensors.append(_tensor(value))
        elif number == 15:  # noqa: PLR2004 - sparse_initializer
            raise _WireError("it holds sparse weights, which no Linear network needs")
    return nodes, tensors


class _WireError(ValueError):
    """The bytes are no protobuf message."""


def _node(view: memoryview) -> Node:
    inputs, outputs, operator, ints = [], [], "", {}
    for number, value in _fields(view):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            inputs.append(_text(value))
        elif number == 2:  # noqa: PLR2004
            outputs.append(_text(value))
        elif number == 4:  # noqa: PLR2004
            operator = _text(value)
        elif number == 5:  # noqa: PLR2004
            name, values = _attribute(value)
            ints[name] = values
    return Node(operator=operator, inputs=tuple(inputs), outputs=tuple(outputs), ints=ints)


def _attribute(view: memoryview) -> tuple[str, tuple[int, ...]]:
    name, many = "", []
    single: tuple[int, ...] = ()
    for number, value in _fields(view):
        if number == 1 and isinstance(value, memoryview):
            name = _text(value)
        elif number == 3 and isinstance(value, int):  # noqa: PLR2004 - AttributeProto.i
            single = (_signed(value),)
        elif number == 8:  # noqa: PLR2004 - AttributeProto.ints
            many.extend(_integers(value))
        elif number in (5, 10) and isinstance(value, memoryview) and _tensor(value).is_external:  # t, tensors
            raise _WireError("a constant lies outside the file")
        elif number in (6, 11):  # g, graphs
            raise _WireError("it holds a graph within a graph, which no Linear network needs")
    return name, tuple(many) or single


def _tensor(view: memoryview) -> Tensor:
    name, dims, data_type, data, is_external = "", [], 0, None, False
    for number, value in _fields(view):
        if number == 1:
            dims.extend(_integers(value))
        elif number == 2 and isinstance(value, int):  # noqa: PLR2004 - data_type
            data_type = value
        elif number == 8 and isinstance(value, memoryview):  # noqa: PLR2004 - name
            name = _text(value)
        elif number in (4, 9) and isinstance(value, memoryview):  # packed float_data, or raw_data
            data = value
        elif number == 13 or (number == 14 and value == _EXTERNAL):  # noqa: PLR2004 - external_data, data_location
            is_external = True
    return Tensor(name=name, dims=tuple(dims), data_type=data_type, data=data, is_external=is_external)


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: number and value, an integer for varints and a view for everything else."""
    position, end = 0, len(view)
    while position < end:
        key, position = _varint(view, position)
        number, wire = key >> 3, key & 7
        value: int | memoryview
        if wire == _VARINT:
            value, position = _varint(view, position)
        else:
            if wire == _BYTES:
                size, position = _varint(view, position)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise _WireError(f"wire type {wire} at byte {position}")
            if number == 0 or size > end - position:
                raise _WireError(f"a field of {size} bytes does not fit at byte {position} of {end}")
            value = view[position : position + size]
            position += size
        yield number, value


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if position + index >= len(view):
            raise _WireError(f"cut off at byte {len(view)}")
        byte = view[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, position + index + 1
    raise _WireError(f"endless number at byte {position}")


def _integers(value: int | memoryview) -> list[int]:
    """A repeated integer field comes one by one or packed."""
    if isinstance(value, int):
        return [_signed(value)]
    found, position = [], 0
    while position < len(value):
        number, position = _varint(value, position)
        found.append(_signed(number))
    return found


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _text(view: memoryview) -> str:
    return bytes(view).decode("utf-8")
