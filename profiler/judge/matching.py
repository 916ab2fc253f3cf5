"""Which cases of two sessions are the same question: what is compared, never how often or how well it was measured."""

from profiler.base.record import Record
from profiler.base.text import short_name
from profiler.models.layout import LinearShape
from profiler.models.workload import Activation
from profiler.session.records import Case, Control, Header


class CaseKey(Record, frozen=True, kw_only=True):
    """What two sessions must share for their cases to be set side by side.

    A workload's name is chosen by people, so its layers and activations count as well. `slowdown_percent` is how much
    more work the control `slower` does, 0 for all other cases.
    """

    case: Case
    layers: tuple[LinearShape, ...]
    hidden: Activation
    output: Activation
    slowdown_percent: int


def keyed_cases(header: Header) -> dict[CaseKey, Case]:
    """The cases of a session by their keys, in its order."""
    workloads = {workload.key: workload for workload in header.workloads}
    return {
        CaseKey(
            case=case,
            layers=workloads[case.workload].layers,
            hidden=workloads[case.workload].hidden,
            output=workloads[case.workload].output,
            slowdown_percent=header.options.slowdown_percent if case.control is Control.SLOWER else 0,
        ): case
        for case in header.cases
    }


def renamed_workloads(first: Header, other: Header) -> tuple[str, ...]:
    """Names that both sessions give to a workload of their own: other layers, or other activations."""
    known = {workload.name: workload for workload in first.workloads}
    return tuple(
        short_name(workload.label)
        for workload in other.workloads
        if workload.name in known
        and (workload.layers, workload.hidden, workload.output)
        != (known[workload.name].layers, known[workload.name].hidden, known[workload.name].output)
    )
