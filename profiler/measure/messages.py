"""What supervisor and worker say to each other: JSON lines over two pipes, a request and its reply at a time."""

import enum

import msgspec

from profiler.artifacts.records import Artifact
from profiler.machine.records import Noise
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload
from profiler.session.records import ArmCost, ArmSet, ArmTruth


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of all messages between supervisor and worker."""


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request is about: the layers of a case, and where its files lie.

    `files` holds the path of what is loaded under each layout's name. Some formats have an identity model without a
    file; `identity_parts` names the further files of those that have several.
    """

    workload: Workload
    files: dict[WeightLayout, str]
    reference_path: str
    has_identity: bool
    identity_path: str | None
    identity_parts: tuple[str, ...] = ()


class CheckRequest(Message, frozen=True, kw_only=True, tag="check"):
    """Prove both files of a case, load them and compare their outputs with the float64 one."""

    subject: Subject
    artifacts: dict[WeightLayout, Artifact]
    batch_shape: tuple[int, ...]
    is_controlled: bool


class CostRequest(Message, frozen=True, kw_only=True, tag="cost"):
    """Load each layout in a process of its own, forked before anything was loaded, and call it once."""

    subject: Subject
    seed: int


class BlockRequest(Message, frozen=True, kw_only=True, tag="block"):
    """Load four arms and time them, `sets` times, with the identity model beside them if there is one.

    With `arms_at_once` 2 each set is loaded and timed in two pairs, one after the other, for want of memory.
    `extra_percent` maps a layout to the calls in a hundred that its arms make beyond the counted ones.
    """

    subject: Subject
    seed: int
    sets: int
    rounds: int
    slice_ns: int
    eviction_bytes: int
    extra_percent: dict[WeightLayout, int]
    arms_at_once: int = 4


class ForkRequest(Message, frozen=True, kw_only=True, tag="fork"):
    """To a nursery: fork a worker, which then answers requests in its place."""


class EndRequest(Message, frozen=True, kw_only=True, tag="end"):
    """To a forked worker: end, so that the nursery answers again."""


class Ready(Message, frozen=True, kw_only=True, tag="started"):
    """The runtime is imported and ready."""


class CheckResult(Message, frozen=True, kw_only=True, tag="checked"):
    """The outputs of both layouts are right, each as near the float64 one as it says."""

    arms: tuple[ArmTruth, ...]


class CostTimes(Message, frozen=True, kw_only=True, tag="costed"):
    """What each layout cost before its second call."""

    arms: dict[WeightLayout, ArmCost]


class BlockTimes(Message, frozen=True, kw_only=True, tag="measured"):
    """The raw times of a block, set by set, and what went on around it while it was timed."""

    sets: tuple[ArmSet, ...]
    noise: Noise


class WorkerEnded(Message, frozen=True, kw_only=True, tag="gone"):
    """From a nursery: its worker has ended, with that exit status; below 0, by that signal."""

    status: int


class Reason(enum.StrEnum):
    """Why a worker did not do what it was asked."""

    ARTIFACT = "artifact"
    REFUSAL = "refusal"
    ANSWER = "answer"
    PACKAGE = "package"


class Rejection(Message, frozen=True, kw_only=True, tag="rejected"):
    """The worker lives on, but cannot do this."""

    reason: Reason
    message: str


Request = CheckRequest | CostRequest | BlockRequest | ForkRequest | EndRequest
Reply = Ready | CheckResult | CostTimes | BlockTimes | WorkerEnded | Rejection
