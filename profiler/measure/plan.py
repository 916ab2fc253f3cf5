"""The plan of a run: which cases, with which files, in which order. Pure functions of manifest and options."""

import dataclasses
import itertools
import random
from collections.abc import Container, Iterable, Iterator, Sequence

from profiler.artifacts.bundle import Bundle
from profiler.artifacts.formats import file_format
from profiler.artifacts.records import Artifact, Entry, Form, Identity, Manifest, Reference, part_names
from profiler.base.errors import BundleError, OptionError
from profiler.measure.messages import Subject
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.workload import Workload, batch_rows, format_batch
from profiler.runtimes import RuntimeInfo, runtime_info
from profiler.session.records import Case, Control, Options, Stage, Team

COPIES_WHILE_LOADING = 3  # the file's bytes, the weights, and their packed form
MOST_NAMED = 4  # cases that the bundle lacks
MIN_BYTES = 16_000_000  # seen: a runtime's code at its first use, sessions, buffers and padding of the smallest model


@dataclasses.dataclass(frozen=True)
class PlannedCase:
    """A case with the files it needs."""

    case: Case
    workload: Workload
    artifacts: dict[WeightLayout, Artifact]
    reference: Reference
    identity: Identity | None

    @property
    def has_identity(self) -> bool:
        """Whether there is an identity model to time beside it; not every file format needs a file for one."""
        needs_file = file_format(self.artifacts[WeightLayout.OUT_IN].format).needs_identity_file
        return self.identity is not None or not needs_file

    @property
    def loaded_artifacts(self) -> dict[WeightLayout, Artifact]:
        """What is loaded under each layout's name; in a control, the same file under both."""
        if self.case.control is not Control.NONE:
            return dict.fromkeys(WeightLayout, self.artifacts[WeightLayout.OUT_IN])
        return self.artifacts

    def subject_in(self, bundle: Bundle) -> Subject:
        """What requests to a worker are about, with the paths of the bundle."""
        return Subject(
            workload=self.workload,
            files={layout: str(bundle.path_of(artifact)) for layout, artifact in self.loaded_artifacts.items()},
            reference_path=str(bundle.path_of(self.reference)),
            has_identity=self.has_identity,
            identity_path=str(bundle.path_of(self.identity)) if self.identity else None,
            identity_parts=part_names(self.identity.parts) if self.identity else (),
        )

    def needed_bytes(self, arms: int) -> int:
        """An upper estimate of what loading so many arms and running them adds to a worker that has started."""
        copies = arms * runtime_info(self.case.runtime).copies_per_model + COPIES_WHILE_LOADING
        weights = copies * max(artifact.total_bytes for artifact in self.artifacts.values())
        widths = self.workload.in_features + sum(layer.out_features for layer in self.workload.layers)
        values = self.case.dtype.activations.stored_bytes(batch_rows(self.case.batch_shape) * widths)
        return MIN_BYTES + weights + 2 * self.reference.size_bytes + (arms + 1) * values


@dataclasses.dataclass(frozen=True)
class Job:
    """Something to do with a case: its stage, and which attempt it is."""

    planned: PlannedCase
    stage: Stage
    attempt: int = 0


@dataclasses.dataclass(frozen=True)
class Plan:
    """All cases of a run, and what of the bundle is left out, in words."""

    cases: tuple[PlannedCase, ...]
    left_out: tuple[str, ...]

    @property
    def entries(self) -> list[Entry]:
        """Every file the run will load, each once."""
        return needed_entries(self.cases)


def needed_entries(cases: Iterable[PlannedCase]) -> list[Entry]:
    """The files of these cases, each once."""
    found: dict[str, Entry] = {}
    for planned in cases:
        models = (*planned.artifacts.values(), planned.identity)
        entries = (entry for model in models if model is not None for entry in model.files)
        found |= {entry.path: entry for entry in (*entries, planned.reference)}
    return list(found.values())


def make_plan(manifest: Manifest, options: Options, *, not_installed: Sequence[RuntimeInfo] = ()) -> Plan:
    """Every case that the bundle has both layouts of, and why there are no others.

    Args:
        manifest: that of the bundle.
        options: those of the run.
        not_installed: runtimes that would be measured, were they installed.

    Raises:
        BundleError: there is none.
        OptionError: no runtime can use so many threads.
    """
    infos = [runtime_info(name) for name in options.runtimes]
    cases = tuple(case for info in infos for case in _cases_of(info, manifest, options))
    left_out = (
        *(reason for info in infos for reason in _lacking(info, manifest, options)),
        *(_absence(info, manifest, options.forms) for info in not_installed),
    )
    too_many = tuple(
        f"{info.name} with {threads} threads: it can use {info.max_threads}"
        for info in infos
        for threads in options.threads
        if not info.can_use(threads)
    )
    if not cases and len(too_many) == len(infos) * len(options.threads):
        raise OptionError(f"nothing can be measured: {'; '.join(too_many)}; use fewer --threads")
    if not cases:
        raise BundleError(
            f"the bundle holds nothing that {', '.join(options.runtimes)} can measure: {'; '.join(left_out)}; "
            "export it with what it lacks (arrays need numpy alone), or install what would measure it"
        )
    return Plan(cases=cases, left_out=(*left_out, *too_many))


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """The workload, batch and number format that files of a bundle are looked for by."""

    info: RuntimeInfo
    form: Form
    dtype: NumberFormat
    workload: Workload
    batch_shape: tuple[int, ...]

    def pair(self, manifest: Manifest) -> dict[WeightLayout, Artifact] | None:
        """The file of each layout, None where one is missing."""
        found = {
            artifact.layout: artifact
            for artifact in manifest.artifacts
            if (artifact.format, artifact.form, artifact.dtype, artifact.workload)
            == (self.info.format, self.form, self.dtype, self.workload.key)
            and artifact.takes(self.batch_shape)
        }
        return found if len(found) == len(WeightLayout) else None

    def reference(self, manifest: Manifest) -> Reference | None:
        """The reference for these weights and this batch, None where it is missing."""
        wanted = (self.workload.key, self.batch_shape, self.dtype)
        found = (one for one in manifest.references if (one.workload, one.batch_shape, one.dtype) == wanted)
        return next(found, None)

    def identity(self, manifest: Manifest) -> Identity | None:
        """The model that hands on its input, None where there is none."""
        wanted = (self.info.format, self.workload.key, self.dtype)
        for one in manifest.identities:
            if (one.format, one.workload, one.dtype) == wanted and one.takes(self.batch_shape):
                return one
        return None


def _wanted(info: RuntimeInfo, manifest: Manifest, form: Form, dtype: NumberFormat) -> Iterator[_Wanted]:
    for workload in manifest.workloads:
        for batch_shape in workload.batch_shapes:
            yield _Wanted(info, form, dtype, workload, batch_shape)


def number_formats_in(manifest: Manifest) -> tuple[NumberFormat, ...]:
    """The number formats that weights of a bundle are in; float32 where it holds none."""
    held = {artifact.dtype for artifact in manifest.artifacts}
    return tuple(dtype for dtype in NumberFormat if dtype in held) or (NumberFormat.FLOAT32,)


def _lacking(info: RuntimeInfo, manifest: Manifest, options: Options) -> Iterator[str]:
    """What the bundle lacks for a runtime, in words, one for each number format and form it could hold."""
    words = file_format(info.format).words
    held = {(artifact.form, artifact.dtype) for artifact in manifest.artifacts if artifact.format == info.format}
    if not held:
        yield f"{info.name}: the bundle holds no {words}"
        return
    for dtype in options.dtypes:
        if not info.can_run(dtype):
            yield f"{info.name} with {dtype} weights: it can run {', '.join(info.dtypes)}"
            continue
        files = words if dtype is NumberFormat.FLOAT32 else f"{dtype} {words}"
        for form in options.forms:
            if (form, dtype) not in held:
                yield f"{info.name}: the bundle holds no {files} in the form {form}"
                continue
            without = [
                f"{wanted.workload.label} batch {format_batch(wanted.batch_shape)}"
                for wanted in _wanted(info, manifest, form, dtype)
                if not wanted.pair(manifest) or not wanted.reference(manifest)
            ]
            if without:
                more = f" and {len(without) - MOST_NAMED} more" if len(without) > MOST_NAMED else ""
                yield (
                    f"{info.name}: the bundle lacks {files} of both layouts in the form {form}, or the answer, for "
                    f"{', '.join(without[:MOST_NAMED])}{more}"
                )


def _absence(info: RuntimeInfo, manifest: Manifest, forms: Iterable[Form]) -> str:
    """Why a runtime that is not installed is left out: installing it helps if the bundle has something for it."""
    if any(artifact.format == info.format and artifact.form in forms for artifact in manifest.artifacts):
        return f"{info.name}: {info.package} is not installed"
    return f"{info.name}: {info.package} is not installed, and the bundle holds nothing for it"


def _cases_of(info: RuntimeInfo, manifest: Manifest, options: Options) -> Iterator[PlannedCase]:
    """Every case of a runtime: workload by workload, the forms and number formats of each together."""
    kinds = [(form, dtype) for form in options.forms for dtype in options.dtypes if info.can_run(dtype)]
    for workload in manifest.workloads:
        for form, dtype in kinds:
            for batch_shape in workload.batch_shapes:
                wanted = _Wanted(info, form, dtype, workload, batch_shape)
                artifacts, reference = wanted.pair(manifest), wanted.reference(manifest)
                if artifacts and reference:
                    identity = wanted.identity(manifest)
                    for case in _variants(wanted, options):
                        yield PlannedCase(case, workload, artifacts, reference, identity)


def _variants(wanted: _Wanted, options: Options) -> Iterator[Case]:
    """The case by threads and with warm or cold weights; of a control, as many copies as are asked for."""
    usable = [threads for threads in options.threads if wanted.info.can_use(threads)]
    for threads, weights, control in itertools.product(usable, options.weights, options.controls):
        for copy in range(1 if control is Control.NONE else options.copies):
            yield Case(
                runtime=wanted.info.name,
                form=wanted.form,
                workload=wanted.workload.key,
                batch_shape=wanted.batch_shape,
                dtype=wanted.dtype,
                threads=threads,
                weights=weights,
                control=control,
                copy=copy,
            )


def teams_of(plan: Plan) -> list[Team]:
    """The teams of workers that a plan needs, in its order."""
    return list(dict.fromkeys(planned.case.team for planned in plan.cases))


def team_order(plan: Plan, *, seed: int, pass_index: int) -> list[Team]:
    """The teams of a pass in random order."""
    teams = teams_of(plan)
    random.Random(f"{seed}/{pass_index}").shuffle(teams)
    return teams


def case_order(
    plan: Plan, team: Team, *, seed: int, pass_index: int, leave_out: Container[str] = ()
) -> list[PlannedCase]:
    """A team's cases of a pass in random order."""
    cases = [p for p in plan.cases if p.case.team == team and p.case.id not in leave_out]
    random.Random(f"{seed}/{pass_index}/{team.label}").shuffle(cases)
    return cases


def block_seed(case: Case, *, seed: int, pass_index: int, attempt: int = 0) -> int:
    """The seed of one block's order and padding."""
    return random.Random(f"{seed}/{pass_index}/{attempt}/{case.id}").getrandbits(63)
