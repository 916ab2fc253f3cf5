"""Has every runtime compute the outputs for inputs of several ranks, from files of both layouts."""

from pathlib import Path

import numpy as np

from profiler.artifacts.build import export_bundle
from profiler.artifacts.bundle import Bundle, open_bundle
from profiler.artifacts.records import Artifact
from profiler.artifacts.references import load_reference
from profiler.base.errors import ProfilerError
from profiler.claims.batches import Answers
from profiler.models.layout import LinearShape
from profiler.models.workload import linear_workload
from profiler.runtimes import RUNTIMES, Runtime, RuntimeInfo


def answer_all(*, shapes: list[list[int]], folder: str) -> Answers:
    """Export the text's layer in every format and form, and compare the outputs of every installed runtime."""
    workload = linear_workload(
        LinearShape(in_features=10, out_features=2), batch_shapes=tuple(tuple(shape) for shape in shapes)
    )
    export_bundle([workload], Path(folder), suite="claims")
    bundle = open_bundle(Path(folder))
    infos = [info for info in RUNTIMES if info.is_installed]
    right, wrong = 0, []
    for info in infos:
        runtime = info.create()
        for artifact in bundle.manifest.artifacts:
            if artifact.format == info.format:
                problems = _problems(bundle, info, runtime, artifact)
                right += problems.count("")
                wrong += [problem for problem in problems if problem]
    artifacts = bundle.manifest.artifacts
    return Answers(
        right=right,
        total=right + len(wrong),
        wrong=tuple(wrong),
        runtimes=len(infos),
        rewritten=sum(artifact.stored_layout is not artifact.layout for artifact in artifacts),
        files=len(artifacts),
    )


def _problems(bundle: Bundle, info: RuntimeInfo, runtime: Runtime, artifact: Artifact) -> list[str]:
    """What is wrong with each output, empty where it is right."""
    found = []
    for reference in bundle.manifest.references:
        if not artifact.takes(reference.batch_shape):
            continue
        x, y, tolerance = load_reference(bundle.path_of(reference))
        where = f"{info.name} {artifact.form} {artifact.layout} batch {list(reference.batch_shape)}"
        try:
            given = runtime.load(bundle.path_of(artifact), bundle.manifest.workloads[0], threads=1).output(x)
        except ProfilerError as error:
            found.append(f"{where}: {error}")
            continue
        is_right = given.shape == y.shape and bool((np.abs(given - y) <= tolerance).all())
        found.append("" if is_right else f"{where} is off")
    return found
