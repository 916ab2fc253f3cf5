import signal
from pathlib import Path

import msgspec
import pytest

from profiler.judge.wheels import ARMV8_0_TORCH, WrongWheel, find_wrong_wheels
from profiler.machine.capture import capture_hardware
from profiler.session.records import Failure, Session, Stage
from tests.machine.trees import boards
from tests.sessions import make_case, make_session

ROOT = Path(__file__).resolve().parents[2]


def died(
    number: signal.Signals = signal.SIGILL, *, runtime: str = "torchscript", stage: Stage = Stage.START
) -> Failure:
    return Failure(
        runtime=runtime, case=None, stage=stage, pass_index=None, signal=number, exit_status=None, message="died"
    )


def found(board: str, *failures: Failure, **software: str) -> list[WrongWheel]:
    hardware = msgspec.structs.replace(capture_hardware(boards() / board), software=software)
    session: Session = make_session({make_case(): 1.0})
    header = msgspec.structs.replace(session.header, hardware=hardware)
    return list(find_wrong_wheels(msgspec.structs.replace(session, header=header, failures=failures)))


@pytest.mark.parametrize(
    ("board", "core"), [("pi3b", "Cortex-A53"), ("zero2w", "Cortex-A53"), ("pi4-64bit", "Cortex-A72")]
)
def test_torch_that_dies_on_armv8_0_is_named_with_the_version_to_install(board: str, core: str) -> None:
    (wheel,) = found(board, died(), torch="2.10.0")
    assert "torchscript died of SIGILL, an illegal instruction, while it was imported: torch 2.10.0" in wheel.text
    assert f"({core}: Armv8.0" in wheel.text
    assert wheel.next_step.startswith(f"pip install torch=={ARMV8_0_TORCH}")


def test_the_version_to_install_is_the_one_that_the_constraints_pin() -> None:
    assert f"torch=={ARMV8_0_TORCH}; platform_machine == 'aarch64'" in (ROOT / "constraints.txt").read_text()


@pytest.mark.parametrize(
    ("board", "failure", "software"),
    [
        ("pi5", died(), {"torch": "2.10.0"}),  # it has the atomics: something else is missing
        ("pi4-64bit", died(), {"torch": ARMV8_0_TORCH}),  # that one died itself
        ("pi4-64bit", died(runtime="onnxruntime", stage=Stage.CHECK), {"onnxruntime": "9.0"}),
        ("n100", died(), {"torch": "2.13.0"}),
        ("pi4-32bit", died(runtime="numpy"), {}),
    ],
)  # fmt: skip
def test_no_version_is_named_that_is_not_known_to_run(board: str, failure: Failure, software: dict[str, str]) -> None:
    (wheel,) = found(board, failure, **software)
    assert "built for newer cores" in wheel.text
    assert ARMV8_0_TORCH not in wheel.next_step


def test_each_runtime_is_named_once_and_other_deaths_are_no_wrong_wheels() -> None:
    checks = [died(runtime="onnxruntime", stage=Stage.CHECK), died(runtime="onnxruntime", stage=Stage.CHECK)]
    wheels = found("pi3b", *checks, died(signal.SIGSEGV), died(runtime="somebody-elses"))
    assert [wheel.text.split()[0] for wheel in wheels] == ["onnxruntime", "somebody-elses"]
