"""Suites: named workloads as TOML, built in or a user's own file."""

import collections
import math
from importlib import resources
from pathlib import Path

import msgspec

from profiler.models.layout import LinearShape, ShapeError
from profiler.models.number_format import NumberFormat
from profiler.models.workload import KEY, Activation, Origin, OriginKind, Workload, linear_workload, network_layers

MAX_SUITE_BYTES = 1_000_000
MAX_SWEEP = 2.0**40


class SuiteError(ValueError):
    """A suite is unknown, unreadable or describes nothing that can be measured."""


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a suite file may hold: an unknown key is an error, never ignored."""


_Batches = tuple[int | tuple[int, ...], ...]


class _LinearEntry(_Strict, frozen=True, kw_only=True):
    in_features: int
    out_features: int
    bias: bool = True
    name: str | None = None
    batches: _Batches | None = None


class _NetworkEntry(_Strict, frozen=True, kw_only=True):
    name: str
    widths: tuple[int, ...]
    bias: bool = True
    hidden: Activation = Activation.RELU
    output: Activation = Activation.NONE
    batches: _Batches | None = None


class _CacheSweep(_Strict, frozen=True, kw_only=True):
    """Square layers whose float32 weights fill these fractions of each data cache, first level to last."""

    fractions: tuple[float, ...]
    fallback_cache_bytes: tuple[int, ...]
    max_weight_bytes: int

    def __post_init__(self) -> None:
        sizes = (*self.fractions, *self.fallback_cache_bytes, self.max_weight_bytes)
        if not all(0 < size <= MAX_SWEEP for size in sizes):
            raise ValueError(f"the numbers of a cache_sweep lie above 0 and below {MAX_SWEEP:g}")


class Suite(_Strict, frozen=True, kw_only=True):
    """A named list of workloads. `batches` holds the default batch of every entry: a size, or leading dimensions."""

    name: str
    description: str = ""
    batches: _Batches = (1, 8)
    linear: tuple[_LinearEntry, ...] = ()
    network: tuple[_NetworkEntry, ...] = ()
    cache_sweep: _CacheSweep | None = None

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.name):
            raise ValueError(f"{self.name[:80]!r} is no suite name; use a-z, 0-9, '.', '_' and '-', at most 64 of them")

    def workloads(self, cache_sizes_bytes: tuple[int, ...] = ()) -> tuple[Workload, ...]:
        """What the suite measures, each name once.

        Args:
            cache_sizes_bytes: the data and unified caches of the machine to measure, first level first; used by
                cache sweeps alone, which fall back to the suite's own sizes where a machine's are unknown.

        Raises:
            SuiteError: a shape cannot exist, a name occurs twice, or the suite is empty.
        """
        try:
            found = (
                *(self._network(entry) for entry in self.network),
                *(self._linear(entry) for entry in self.linear),
                *self._sweep(cache_sizes_bytes),
            )
        except ShapeError as error:
            raise SuiteError(f"suite {self.name}: {error}") from error
        if not found:
            raise SuiteError(f"suite {self.name} names no [[linear]], no [[network]] and no [cache_sweep]")
        counts = collections.Counter(workload.key for workload in found)
        for workload in found:
            if counts[workload.key] > 1:
                raise SuiteError(f"suite {self.name} names {workload.label} twice; give one of them another name")
        return found

    @property
    def _origin(self) -> Origin:
        return Origin(kind=OriginKind.SUITE, source=self.name)

    def _linear(self, entry: _LinearEntry) -> Workload:
        shape = LinearShape(in_features=entry.in_features, out_features=entry.out_features, bias=entry.bias)
        return linear_workload(
            shape, batch_shapes=self._batch_shapes(entry.batches), name=entry.name, origin=self._origin
        )

    def _network(self, entry: _NetworkEntry) -> Workload:
        return Workload(
            name=entry.name,
            layers=network_layers(entry.widths, bias=entry.bias),
            hidden=entry.hidden,
            output=entry.output,
            batch_shapes=self._batch_shapes(entry.batches),
            origin=self._origin,
        )

    def _sweep(self, cache_sizes_bytes: tuple[int, ...]) -> tuple[Workload, ...]:
        if self.cache_sweep is None:
            return ()
        sizes = sorted(
            {
                square_side(min(cache * fraction, self.cache_sweep.max_weight_bytes))
                for cache in cache_sizes_bytes or self.cache_sweep.fallback_cache_bytes
                for fraction in self.cache_sweep.fractions
            }
        )
        batch_shapes = self._batch_shapes(None)
        return tuple(
            linear_workload(
                LinearShape(in_features=size, out_features=size), batch_shapes=batch_shapes, origin=self._origin
            )
            for size in sizes
        )

    def _batch_shapes(self, own: _Batches | None) -> tuple[tuple[int, ...], ...]:
        batches = self.batches if own is None else own
        return tuple(dict.fromkeys((batch,) if isinstance(batch, int) else batch for batch in batches))


def square_side(weight_bytes: float) -> int:
    """The side of the square float32 matrix nearest to `weight_bytes`, rounded to a multiple of 8 (at least 8).

    Kernels work on rows of 4, 8 or 16; an odd side would measure their tail loops.
    """
    return max(8, round(math.sqrt(8 * weight_bytes / NumberFormat.FLOAT32.bits) / 8) * 8)


def builtin_suites() -> tuple[Suite, ...]:
    """The suites that come with the package, by name."""
    folder = resources.files("profiler.models").joinpath("suites")
    texts = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return tuple(parse_suite(text, source=name) for name, text in sorted(texts.items()))


def load_suite(name_or_path: str) -> Suite:
    """A built-in suite by name, or a user's own by the path of its `.toml` file.

    Raises:
        SuiteError: no such suite or file, or the file is no suite.
    """
    known = {suite.name: suite for suite in builtin_suites()}
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if path.suffix != ".toml" or "\0" in name_or_path:
        raise SuiteError(
            f"no suite is called {name_or_path[:80]!r}; built in are {', '.join(known)}. "
            "A suite of your own is named by the path of its .toml file"
        )
    if path.exists() and not path.is_file():
        raise SuiteError(f"cannot read the suite {path}: it is a folder (directory), a device or a pipe, not a file")
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SUITE_BYTES + 1)
    except OSError as error:
        raise SuiteError(f"cannot read the suite {path}: {error.strerror}") from error
    return parse_suite(text, source=str(path))


def parse_suite(text: bytes, *, source: str) -> Suite:
    """A suite from the text of a TOML file.

    Raises:
        SuiteError: too long, no TOML, an unknown or missing key, or a value of the wrong type.
    """
    if len(text) > MAX_SUITE_BYTES:
        raise SuiteError(f"{source} is no suite: it is longer than {MAX_SUITE_BYTES} bytes")
    try:
        return msgspec.toml.decode(text, type=Suite)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SuiteError(f"{source} is no valid suite: {error}") from error
