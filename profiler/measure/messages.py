"""What supervisor and worker say to each other: JSON lines over two pipes, a request and its reply at a time."""

import enum

import msgspec

from models.layout import WeightLayout
from models.workload import Workload
from profiler.records import ArmTruth, Artifact


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of all messages."""


class ArmFile(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact and where it lies."""

    path: str
    artifact: Artifact


class CheckRequest(Message, frozen=True, kw_only=True, tag="check"):
    """Prove both files of a case, load them and compare their answers with the float64 one."""

    workload: Workload
    files: dict[WeightLayout, ArmFile]
    batch_shape: tuple[int, ...]
    is_controlled: bool
    answer_path: str


class BlockRequest(Message, frozen=True, kw_only=True, tag="block"):
    """Load four arms and time them. `files` maps an arm's name to its path."""

    workload: Workload
    files: dict[str, str]
    answer_path: str
    seed: int
    rounds: int
    slice_ns: int


class Started(Message, frozen=True, kw_only=True, tag="started"):
    """The runtime is imported and ready."""


class Checked(Message, frozen=True, kw_only=True, tag="checked"):
    """Both answers are right."""

    arms: tuple[ArmTruth, ...]


class Measured(Message, frozen=True, kw_only=True, tag="measured"):
    """A block's raw times; see `records.Block`."""

    calls: int
    slices_ns: dict[str, tuple[int, ...]]
    major_faults: int | None


class Reason(enum.StrEnum):
    """Why a worker did not do what it was asked."""

    ARTIFACT = "artifact"
    REFUSAL = "refusal"
    ANSWER = "answer"
    PACKAGE = "package"


class Rejected(Message, frozen=True, kw_only=True, tag="rejected"):
    """The worker lives on, but cannot do this."""

    reason: Reason
    message: str


Request = CheckRequest | BlockRequest
Reply = Started | Checked | Measured | Rejected
