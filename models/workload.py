"""A workload: one Linear layer or a whole network of them, and the batches it is run with. No torch here."""

import enum
import hashlib
import itertools
import math
import re

import msgspec

from profiler.base.text import plain
from profiler.models.layout import MAX_FEATURES, LinearShape, ShapeError
from profiler.models.number_format import NumberFormat

MAX_LEADING_DIMENSIONS = 6  # torch and ONNX Runtime take more; no deployed Linear layer does
KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TAKEN = re.compile(r"manifest\.json|.*\.|(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # by bundles, FAT and Windows
MAX_NAME_LENGTH = 1000
_KEY_START, _KEY_HASH = 40, 12  # letters of a name, and of its hash, in a key made for it


class Activation(enum.StrEnum):
    """The function that follows a layer."""

    NONE = "none"
    RELU = "relu"
    TANH = "tanh"
    LOG_SOFTMAX = "log_softmax"


class OriginKind(enum.StrEnum):
    """Who described a workload."""

    SUITE = "suite"
    SHAPE = "shape"
    MODEL = "model"


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a workload comes from: a suite, a shape that someone asked for, or a node of a model.

    `source` names the suite or the model's file, `node` the place in the model; both are empty where there is none.
    """

    kind: OriginKind = OriginKind.SHAPE
    source: str = ""
    node: str = ""


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Linear layers in a row, all stored in one layout when measured.

    `name` is what people call it: any text, such as a node of a graph bears. `key` is made from it and stands in file
    names and identifiers; `label` is what is shown.

    `layers` has one entry for a single Linear layer. `hidden` follows every layer but the last, `output` the last.
    Each of `batch_shapes` holds the leading dimensions of an input: `(8,)` means inputs of shape `[8, in_features]`,
    `()` an input without batch dimension, `(5, 3)` an input of shape `[5, 3, in_features]`.
    """

    name: str
    layers: tuple[LinearShape, ...]
    hidden: Activation = Activation.NONE
    output: Activation = Activation.NONE
    batch_shapes: tuple[tuple[int, ...], ...] = ((1,), (8,))
    origin: Origin = Origin()

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not self.layers:
            raise ShapeError(f"{self.label} has no layers")
        for left, right in itertools.pairwise(self.layers):
            if left.out_features != right.in_features:
                raise ShapeError(
                    f"{self.label}: a layer with {left.out_features} outputs feeds one with {right.in_features} inputs"
                )
        if not self.batch_shapes:
            raise ShapeError(f"{self.label} names no batch")
        for batch_shape in self.batch_shapes:
            _check_batch_shape(batch_shape, self.label)

    @property
    def key(self) -> str:
        """The name where it can be a file's on any system, else what can of it and a hash of all of it."""
        if KEY.fullmatch(self.name) and not _TAKEN.fullmatch(self.name):
            return self.name
        start = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:_KEY_START].strip("-")
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:_KEY_HASH]
        return f"{start or 'workload'}-{digest}"

    @property
    def label(self) -> str:
        """The name as one harmless line."""
        return plain(self.name)

    @property
    def title(self) -> str:
        """What a report calls it: a layer by its dimensions, and by its name if it has one; a network by its name."""
        if not self.is_one_layer:
            return self.label
        shape = self.dimensions if self.layers[0].bias else f"{self.dimensions} without bias"
        return shape if self.name == _name_of(self.layers[0]) else f"{self.label} {shape}"

    @property
    def in_features(self) -> int:
        """Features of the network's input."""
        return self.layers[0].in_features

    @property
    def out_features(self) -> int:
        """Features of the network's output."""
        return self.layers[-1].out_features

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The function that follows each layer, input first."""
        return (*[self.hidden] * (len(self.layers) - 1), self.output)

    @property
    def weight_count(self) -> int:
        """How many weights all layers store, biases not counted."""
        return sum(layer.weight_count for layer in self.layers)

    def weight_bytes(self, dtype: NumberFormat) -> int:
        """What all weights take in a number format, biases not counted."""
        return dtype.stored_bytes(self.weight_count)

    @property
    def is_one_layer(self) -> bool:
        """Whether the workload is a bare Linear layer."""
        return len(self.layers) == 1 and self.output is Activation.NONE

    @property
    def layout_matters(self) -> bool:
        """Whether the two layouts differ in any byte: a matrix with one row or one column is stored the same way."""
        return any(min(layer.in_features, layer.out_features) > 1 for layer in self.layers)

    @property
    def dimensions(self) -> str:
        """The features from input to output, such as `640x128` or `4-7-3`."""
        if len(self.layers) == 1:
            return f"{self.in_features}x{self.out_features}"
        return "-".join(str(size) for size in (self.in_features, *(layer.out_features for layer in self.layers)))


def linear_workload(
    shape: LinearShape,
    *,
    batch_shapes: tuple[tuple[int, ...], ...],
    name: str | None = None,
    origin: Origin = Origin(),  # noqa: B008 - frozen
) -> Workload:
    """A workload of one bare Linear layer, named after its shape unless it has a name."""
    return Workload(
        name=_name_of(shape) if name is None else name, layers=(shape,), batch_shapes=batch_shapes, origin=origin
    )


def _name_of(shape: LinearShape) -> str:
    """The name of a layer that nobody gave one."""
    suffix = "" if shape.bias else "-nobias"
    return f"linear-{shape.in_features}x{shape.out_features}{suffix}"


def network_layers(widths: tuple[int, ...], *, bias: bool = True) -> tuple[LinearShape, ...]:
    """The layers of a network whose features go through `widths`, input first.

    Raises:
        ShapeError: fewer than two widths, or one below 1.
    """
    if len(widths) < 2:  # noqa: PLR2004 - a network has an input and an output
        raise ShapeError(f"a network needs at least two widths, this one has {len(widths)}")
    return tuple(
        LinearShape(in_features=inner, out_features=outer, bias=bias) for inner, outer in itertools.pairwise(widths)
    )


def batch_rows(batch_shape: tuple[int, ...]) -> int:
    """How many rows a batch has: the product of its leading dimensions, 1 without any."""
    return math.prod(batch_shape)


def format_batch(batch_shape: tuple[int, ...]) -> str:
    """The leading dimensions in short: `8`, `5x3`, or `none`."""
    return "x".join(str(size) for size in batch_shape) or "none"


def parse_batch(text: str) -> tuple[int, ...]:
    """The leading dimensions that a text such as `8`, `5x3` or `none` means.

    Raises:
        ShapeError: the text is no list of whole numbers joined by `x`.
    """
    if text == "none":
        return ()
    if not re.fullmatch(r"[0-9]{1,10}(x[0-9]{1,10})*", text):
        raise ShapeError(f"{text[:40]!r} is no batch; write 8, 5x3 for two leading dimensions, or none")
    batch_shape = tuple(int(part) for part in text.split("x"))
    _check_batch_shape(batch_shape, "--batch")
    return batch_shape


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise ShapeError(
            f"{name[:80]!r} is no workload name; a name has 1 to {MAX_NAME_LENGTH} characters, and not spaces alone"
        )
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ShapeError(f"{name[:80]!r} is no workload name: it holds half of a character pair") from error


def _check_batch_shape(batch_shape: tuple[int, ...], name: str) -> None:
    if any(size < 1 for size in batch_shape):
        raise ShapeError(f"{name}: {list(batch_shape)} has a size below 1")
    if math.prod(batch_shape) > MAX_FEATURES:
        raise ShapeError(f"{name}: {list(batch_shape)} has more than {MAX_FEATURES} rows")
    if len(batch_shape) > MAX_LEADING_DIMENSIONS:
        raise ShapeError(f"{name}: {list(batch_shape)} has more than {MAX_LEADING_DIMENSIONS} dimensions")
