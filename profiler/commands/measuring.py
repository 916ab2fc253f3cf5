"""From the options of `run`, `profile` and `selfcheck` on the command line to the options of a session."""

import os
import secrets
from collections.abc import Sequence

import click

from profiler.artifacts.records import Form
from profiler.base.errors import OptionError
from profiler.judge.verdicts import DEFAULT_LOOKS
from profiler.machine.capture import capture_hardware
from profiler.measure.eviction import choose_eviction_bytes
from profiler.models.number_format import NumberFormat
from profiler.runtimes import DEFAULT_RUNTIMES, RuntimeInfo, runtime_info
from profiler.session.file import options_problem
from profiler.session.records import Control, Options, Weights

ROUNDS = 11  # where the pilot has not chosen another number
SLICE_S = 0.001
BOTH = "both"


def choose_options(  # noqa: PLR0913 - one per option
    *,
    runtimes: Sequence[str],
    forms: Sequence[str],
    passes: int | None,
    looks: tuple[int, ...] | None,
    margin: float,
    confidence_level: float,
    weights: str,
    sets: int | None,
    threads: tuple[int, ...] | str,
    cpus: Sequence[int],
    seed: int | None,
    identical: bool,
    slower: int | None,
    forked: bool,
    dtypes: tuple[NumberFormat, ...] = (NumberFormat.FLOAT32,),
) -> tuple[Options, tuple[RuntimeInfo, ...]]:
    """The options of a new run, and which runtimes are left out because they are not installed.

    Raises:
        OptionError: an unknown runtime, options that contradict each other, or a CPU this process may not use.
        MissingPackageError: a runtime that was asked for is not installed.
    """
    for name in runtimes:
        runtime_info(name).require()
    installed = [info for info in DEFAULT_RUNTIMES if info.is_installed]
    not_installed = [info for info in DEFAULT_RUNTIMES if not runtimes and info not in installed]
    if identical and slower:
        raise OptionError("--identical and --slower are two controls; give one of them")
    control = Control.IDENTICAL if identical else Control.SLOWER if slower else Control.NONE
    kinds = tuple(Weights) if weights == BOTH else (Weights(weights),)
    is_cold = Weights.COLD in kinds
    options = Options(
        runtimes=tuple(dict.fromkeys(runtimes)) or tuple(info.name for info in installed),
        forms=tuple(dict.fromkeys(map(Form, forms))) or (Form.CONTROLLED,),
        looks=choose_looks(passes, looks),
        margin=margin,
        confidence_level=confidence_level,
        rounds=ROUNDS,
        slice_s=SLICE_S,
        threads=choose_threads(threads, cpus),
        cpus=check_cpus(cpus, threads=max(choose_threads(threads, cpus))),
        seed=secrets.randbits(32) if seed is None else seed,
        weights=kinds,
        eviction_bytes=choose_eviction_bytes(capture_hardware().caches) if is_cold else 0,
        sets=sets,
        dtypes=dtypes,
        controls=(control,),
        slowdown_percent=slower or 0,
        forked=forked,
    )
    problem = options_problem(options)
    if problem:
        raise OptionError(problem)
    return options, tuple(not_installed)


def choose_looks(passes: int | None, looks: tuple[int, ...] | None) -> tuple[int, ...]:
    """The looks asked for, or the usual ones up to `passes`.

    Raises:
        OptionError: both were given.
    """
    if looks is not None:
        if passes is not None:
            raise OptionError("--looks says how many passes there are; leave --passes out")
        return looks
    if passes is None:
        return DEFAULT_LOOKS
    return (*(look for look in DEFAULT_LOOKS if look < passes), passes)


def choose_threads(wanted: tuple[int, ...] | str, cpus: Sequence[int]) -> tuple[int, ...]:
    """The numbers of threads asked for; `all` doubles from 1 up to all CPUs that may be used."""
    if not isinstance(wanted, str):
        return wanted
    most = len(set(cpus)) or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return (*(1 << power for power in range(most.bit_length()) if 1 << power < most), most)


def check_cpus(cpus: Sequence[int], *, threads: int) -> tuple[int, ...]:
    """The CPUs to pin to, each once.

    Raises:
        OptionError: one cannot be used here, or they are fewer than the threads.
    """
    if not hasattr(os, "sched_getaffinity"):
        if cpus:
            raise OptionError("--cpu works on Linux only")
        return ()
    allowed = os.sched_getaffinity(0)
    for cpu in cpus:
        if cpu not in allowed:
            raise OptionError(f"CPU {cpu} cannot be used here; allowed are {', '.join(map(str, sorted(allowed)))}")
    chosen = sorted(set(cpus))
    if threads > len(chosen or allowed):
        raise OptionError(
            f"--threads {threads} on {len(chosen or allowed)} CPUs would measure threads that wait for each other"
        )
    return tuple(chosen)


def refuse_other_options(options: Options) -> None:
    """A resumed run goes on with the session's own options; one given anew must be the same.

    Raises:
        OptionError: one differs.
    """
    context = click.get_current_context()
    own: dict[str, tuple[object, ...]] = {
        "runtimes": options.runtimes,
        "forms": tuple(form.value for form in options.forms),
        "passes": (options.passes,),
        "looks": options.looks,
        "margin": (options.margin,),
        "confidence_level": (options.confidence_level,),
        "weights": (BOTH if len(options.weights) > 1 else options.weights[0].value,),
        "sets": (options.sets,),
        "threads": options.threads,
        "cpus": options.cpus,
        "seed": (options.seed,),
        "identical": (Control.IDENTICAL in options.controls,),
        "slower": (options.slowdown_percent or None,),
        "forked": (options.forked,),
    }
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in own or context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        given = context.params[name]
        if name == "threads":
            given = choose_threads(given, options.cpus)
        given = set(given) if isinstance(given, tuple) else {given}
        if given != set(own[name]):
            own_words = " ".join(str(value) for value in own[name] if value is not None) or "none"
            raise OptionError(
                f"the session was measured with another {parameter.opts[0]} ({own_words}); leave it out with --resume"
            )
