"""Options and option types that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from profiler.artifacts.formats import BUILT_IN, format_names
from profiler.artifacts.records import Form
from profiler.judge.placement import MAX_SETS
from profiler.models.layout import ShapeError
from profiler.models.workload import parse_batch
from profiler.session.file import CONFIDENCE_LEVELS
from profiler.session.records import Weights

ALL = "all"
MAX_THREADS = 1024
# Below, no type in brackets: the click of Debian 13 and older ones know none
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "": 1}


class MarginType(click.ParamType):  # type: ignore[type-arg]
    """A margin, `3%` or `0.03`: above 0, at most 50 %."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The margin as a fraction."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(%?)", str(value).strip())
        fraction = float(match[1]) / (100 if match[2] else 1) if match else 0.0
        if not 0 < fraction <= 0.5:  # noqa: PLR2004 - half is no small difference any more
            self.fail(f"{value!r} is no margin; write 3% or 0.03, above 0 and at most 50%", param, ctx)
        return fraction


class ConfidenceType(click.ParamType):  # type: ignore[type-arg]
    """A confidence level, `95%` or `0.95`: from 50 % to 99.99 %."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The level as a fraction."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,2}(?:\.[0-9]{1,6})?)(%?)", str(value).strip())
        fraction = float(match[1]) / (100 if match[2] else 1) if match else 0.0
        low, high = CONFIDENCE_LEVELS
        if not low <= fraction <= high:
            self.fail(f"{value!r} is no confidence level; write 95% or 0.95, from {low:.0%} to {high:.2%}", param, ctx)
        return fraction


class PercentType(click.ParamType):  # type: ignore[type-arg]
    """A percentage, `5%` or `5`: a whole number from 1 to 100."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The percentage as a whole number."""
        match = re.fullmatch(r"([0-9]{1,3})%?", str(value).strip())
        if match is None or not 1 <= int(match[1]) <= 100:  # noqa: PLR2004 - per cent
            self.fail(f"{value!r} is no percentage; write 5%, a whole number from 1 to 100", param, ctx)
        return int(match[1])


class LooksType(click.ParamType):  # type: ignore[type-arg]
    """Looks, `8,12,16`: numbers of passes that rise."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers of passes, in rising order."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4})*", str(value).strip()):
            self.fail(f"{value!r} is no list of looks; write numbers of passes such as 8,12,16", param, ctx)
        return tuple(int(number) for number in str(value).split(","))


class ThreadsType(click.ParamType):  # type: ignore[type-arg]
    """Numbers of threads, `1` or `1,2,4`, or `all`, which depends on the CPUs that may be used."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...] | str:
        """The numbers, each once and rising; `all` stays as it is."""
        if value == ALL:
            return ALL
        if isinstance(value, tuple):
            return value
        numbers = str(value).strip().split(",")
        if not all(re.fullmatch(r"[0-9]{1,4}", number) and 1 <= int(number) <= MAX_THREADS for number in numbers):
            self.fail(f"{value!r} is no number of threads; write 4, 1,2,4 or all, from 1 to {MAX_THREADS}", param, ctx)
        return tuple(sorted({int(number) for number in numbers}))


class SetsType(click.ParamType):  # type: ignore[type-arg]
    """How many sets of arms a block loads, or `auto`."""

    name = "sets"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The number of sets, None for `auto`."""
        if value is None or value == "auto":
            return None
        if str(value) not in map(str, range(1, MAX_SETS + 1)):
            self.fail(f"{value!r} is no number of sets; write auto, or 1 to {MAX_SETS}", param, ctx)
        return int(value)


class DurationType(click.ParamType):  # type: ignore[type-arg]
    """A duration: `90s`, `5m`, `1h` or a number of seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The duration in seconds."""
        match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh]?)", str(value).strip())
        seconds = float(match[1]) * _UNITS_S[match[2]] if match else 0.0
        if seconds <= 0:
            self.fail(f"{value!r} is no time; write 90s, 5m or 1h", param, ctx)
        return seconds


class BatchType(click.ParamType):  # type: ignore[type-arg]
    """A batch in short: `8`, `5x3` or `none`."""

    name = "batch"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The leading dimensions of the batch, none for `none`."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_batch(str(value))
        except ShapeError as error:
            self.fail(str(error), param, ctx)


class FormatType(click.Choice):  # type: ignore[type-arg]
    """The name of a file format. Those of other packages are looked for only where a name is not built in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, once a file format is known by it."""
        if value in self.choices:
            return str(super().convert(value, param, ctx))
        return str(click.Choice(format_names()).convert(value, param, ctx))


MARGIN = MarginType()
CONFIDENCE = ConfidenceType()
DURATION = DurationType()
BATCH = BatchType()
PATH = click.Path(path_type=Path)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def combine(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, shown in the given order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


force_option = click.option("--force", is_flag=True, help="Replace an output that exists.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress and no warnings on standard error.")
shape_options = combine(
    click.option("--in-features", type=int, help="Inputs of one Linear layer, instead of a suite."),
    click.option("--out-features", type=int, help="Outputs of that layer."),
    click.option(
        "--batch", "batches", type=BATCH, multiple=True,
        help="Rows of its input; 5x3 for two leading dimensions, none for no batch. Repeatable.  [default: 1, 8]",
    ),
    click.option("--no-bias", is_flag=True, help="A layer without bias."),
    click.option(
        "--hardware", "hardware_file", type=PATH,
        help="A board's hardware.json: cache sweeps take its caches instead of this machine's.",
    ),
)  # fmt: skip

artifact_options = combine(
    click.option(
        "--format", "formats", type=FormatType(tuple(BUILT_IN)), multiple=True,
        help="File format to export. Repeatable.  [default: all]",
    ),
)  # fmt: skip

check_options = combine(
    click.option(
        "--runtime", "runtimes", multiple=True,
        help="Runtime to measure. Repeatable.  [default: onnxruntime, onnxruntime-unpacked, torchscript and numpy, as"
        " far as installed]",
    ),
    click.option(
        "--margin", type=MARGIN, default="3%", show_default=True, help="The smallest difference worth acting on."
    ),
    click.option(
        "--confidence", "confidence_level", type=CONFIDENCE, default="95%", show_default=True,
        help="How sure a report as a whole shall be that no pays off and no costs in it is false.",
    ),
    click.option("--budget", "budget_s", type=DURATION, help="End the run cleanly after this time: 90s, 5m, 1h."),
    click.option(
        "--threads", type=ThreadsType(), default="1", show_default=True,
        help="Threads per call: 4; 1,2,4 to measure every case with each; all for 1, 2, 4 and so on up to all cores.",
    ),
    click.option("--cpu", "cpus", type=click.IntRange(0), multiple=True, help="Pin the run to this CPU. Repeatable."),
    click.option(
        "--forked", is_flag=True,
        help="Import a runtime once and fork the workers of every pass, their memory shifted at random. Saves time"
        " where an import takes seconds.",
    ),
    click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all random orders.  [default: random]"),
)  # fmt: skip

measure_options = combine(
    check_options,
    click.option(
        "--form", "forms", type=click.Choice([item.value for item in Form]), multiple=True,
        help="Controlled: the layouts differ in the stored bytes alone. Idiomatic: what people write. Repeatable."
        "  [default: controlled]",
    ),
    click.option(
        "--passes", type=click.IntRange(1, 1000),
        help="Fresh processes per runtime, at most; a case that is decided leaves earlier.  [default: 32]",
    ),
    click.option(
        "--looks", type=LooksType(),
        help="After how many undisturbed passes open cases are judged; the last ends the run."
        "  [default: 8,12,16,24,32]",
    ),
    click.option(
        "--weights", type=click.Choice([*(item.value for item in Weights), "both"]), default="warm", show_default=True,
        help="Warm: call after call. Cold: the caches are emptied before every call, as on a board that infers once"
        " a second.",
    ),
    click.option(
        "--sets", type=SetsType(), default="auto", show_default=True,
        help="How often a block loads its four arms anew. Auto: a pilot chooses, from 1 to 4.",
    ),
    click.option(
        "--no-measure", is_flag=True,
        help="Do not measure first what this machine can do at best (a few seconds, once per boot): the report then"
        " cannot say how near a case is to it.",
    ),
    click.option(
        "--identical", is_flag=True,
        help="Control run: load one layout under both names. Any pays off or costs is then a false alarm.",
    ),
    click.option(
        "--slower", type=PercentType(),
        help="Control run: the same, and [in, out] makes so many percent more calls. Pays off is then right.",
    ),
)  # fmt: skip
