"""Which cases to explain: those named by their ids, or those that options choose."""

import dataclasses
import re
from collections.abc import Iterable, Sequence

from profiler.artifacts.bundle import AnyBundle
from profiler.artifacts.records import Form
from profiler.base.errors import OptionError
from profiler.judge.verdicts import DEFAULT_MARGIN
from profiler.measure.plan import PlannedCase, make_plan, number_formats_in
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, batch_rows
from profiler.runtimes import DEFAULT_RUNTIMES, runtime_info
from profiler.session.records import Options, Weights

_COUNTED_SO = ("t1", Weights.WARM)  # what follows the number format in a case's id, and is all that is counted here
_SHORT = 4  # parts of an id that tell a case apart where all are counted in the same way
_BATCH = re.compile(r"b(none|[0-9]+(x[0-9]+)*)")


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the options say; what is empty is chosen: the largest weights, the smallest batch, all installed."""

    runtimes: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    batches: tuple[tuple[int, ...], ...] = ()
    form: Form = Form.CONTROLLED

    @property
    def is_empty(self) -> bool:
        """Whether no option chose anything."""
        return self == Choice()


def choose_cases(bundle: AnyBundle, ids: Sequence[str], choice: Choice) -> list[PlannedCase]:
    """The cases of those ids, in that order; without ids, those of the choice.

    Raises:
        OptionError: an id or an option names what is not there, or both were given.
        MissingPackageError: a runtime that was asked for is not installed.
    """
    if ids and not choice.is_empty:
        raise OptionError("a case names its runtime, form, workload and batch; leave the options for them out")
    if ids:
        return [_by_id(bundle, text) for text in dict.fromkeys(ids)]
    for name in choice.runtimes:
        runtime_info(name).require()
    names = choice.runtimes or tuple(info.name for info in DEFAULT_RUNTIMES if info.is_installed)
    plan = make_plan(bundle.manifest, _options(names, choice.form, number_formats_in(bundle.manifest)))
    return _only_batches(_only_workloads(plan.cases, choice.workloads), choice.batches)


def choose_calls(planned: PlannedCase, *, products: int, least: int, most: int) -> int:
    """How many calls make about that many products of a weight and an input, within the limits."""
    work = planned.workload.weight_count * batch_rows(planned.case.batch_shape)
    return max(least, min(most, products // max(1, work)))


def weight_lines(planned: PlannedCase, line_bytes: int) -> int:
    """The cache lines that the weights fill."""
    return -(-planned.workload.weight_bytes(planned.case.dtype) // line_bytes)


def _by_id(bundle: AnyBundle, text: str) -> PlannedCase:
    """`onnxruntime/controlled/linear-64x64/b1`, or as a session has it, with `/float32/t1/warm` behind.

    The workload is told by its key or by its name, which may have slashes of its own.
    """
    runtime, form, *parts = (*text.split("/"), "") if "/" not in text else text.split("/")
    at = next((at for at in range(len(parts) - 1, 0, -1) if _BATCH.fullmatch(parts[at])), None)
    if at is None or form not in list(Form):
        raise OptionError(
            f"{text[:80]!r} is no case; write RUNTIME/FORM/WORKLOAD/bBATCH, such as "
            "onnxruntime/controlled/linear-64x64/b1, or a case of a session"
        )
    dtype, other = NumberFormat.FLOAT32, [part for part in parts[at + 1 :] if part not in _COUNTED_SO]
    if other and other[0] in list(NumberFormat):
        dtype = NumberFormat(other.pop(0))
    if other:
        raise OptionError(f"explain counts warm calls on one thread: leave {'/'.join(other)[:80]!r} out of CASE")
    runtime_info(runtime).require()
    plan = make_plan(bundle.manifest, _options((runtime,), Form(form), (dtype,)))
    workload, batch = "/".join(parts[:at]), parts[at]
    found = next(
        (case for case in plan.cases if workload in _names(case.workload) and _short_id(case).endswith(f"/{batch}")),
        None,
    )
    if found is None:
        known = ", ".join(_short_id(planned) for planned in plan.cases[:6])
        wanted = f"{runtime}/{form}/{workload}/{batch}"
        raise OptionError(f"the bundle holds no case {wanted[:120]!r}; it holds {known}, ...")
    return found


def _names(workload: Workload) -> tuple[str, ...]:
    """What people may call it: as the bundle's files, as its maker did, or as reports show it."""
    return (workload.key, workload.name, workload.label)


def _short_id(planned: PlannedCase) -> str:
    return "/".join(planned.case.id.split("/")[:_SHORT])


def _options(runtimes: Iterable[str], form: Form, dtypes: tuple[NumberFormat, ...]) -> Options:
    """Options for the plan alone: nothing is timed."""
    return Options(
        runtimes=tuple(dict.fromkeys(runtimes)),
        forms=(form,),
        looks=(1,),
        margin=DEFAULT_MARGIN,
        confidence_level=0.95,
        rounds=1,
        slice_s=0.001,
        threads=(1,),
        cpus=(),
        seed=0,
        dtypes=dtypes,
    )


def _only_workloads(planned: Sequence[PlannedCase], names: Sequence[str]) -> list[PlannedCase]:
    known = {case.workload.key: case.workload for case in planned}
    for name in names:
        if not any(name in _names(workload) for workload in known.values()):
            held = ", ".join(workload.label for workload in known.values())
            raise OptionError(f"the bundle holds no workload {name[:80]!r}; it holds {held}")
    chosen = [workload.key for workload in known.values() if not {*names}.isdisjoint(_names(workload))] or [
        max(known.values(), key=lambda workload: workload.weight_count).key
    ]
    return [case for case in planned if case.workload.key in chosen]


def _only_batches(planned: Sequence[PlannedCase], batches: Sequence[tuple[int, ...]]) -> list[PlannedCase]:
    known = sorted({case.case.batch_shape for case in planned}, key=lambda shape: (batch_rows(shape), len(shape)))
    for batch in batches:
        if batch not in known:
            words = ", ".join("x".join(map(str, shape)) or "none" for shape in known)
            raise OptionError(
                f"the bundle's workload has no batch {'x'.join(map(str, batch)) or 'none'}; it has {words}"
            )
    if batches:
        return [case for case in planned if case.case.batch_shape in batches]
    smallest: dict[str, tuple[int, ...]] = {}
    for case in sorted(planned, key=lambda case: batch_rows(case.case.batch_shape)):
        smallest.setdefault(case.workload.key, case.case.batch_shape)
    return [case for case in planned if case.case.batch_shape == smallest[case.workload.key]]
