import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.sources import vcgencmd
from profiler.machine.sources.vcgencmd import (
    QUESTIONS,
    ask,
    clock_hz_in,
    firmware_in,
    temperature_celsius_in,
    throttled_in,
)

PI = ("raspberrypi,4-model-b", "brcm,bcm2711")
Fake = Callable[[str], Path]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a script under the tool's name first on PATH; returns the file in which it notes what it was asked."""

    def install(script: str) -> Path:
        tool, log = tmp_path / "vcgencmd", tmp_path / "log"
        tool.write_text(f'#!/bin/sh\necho "$*" >> {log}\n{script}\n')
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return log

    return install


def test_every_question_is_asked_once(fake: Fake) -> None:
    log = fake('echo "answer to $1"')
    assert ask(PI) == {question: f"answer to {question.split()[0]}" for question in QUESTIONS}
    assert log.read_text().splitlines() == list(QUESTIONS)


@pytest.mark.parametrize("compatible", [(), ("radxa,rock-5b", "rockchip,rk3588"), ("not-raspberrypi,4-model-b",)])
def test_other_boards_are_not_asked_even_where_they_ship_a_fake(fake: Fake, compatible: tuple[str, ...]) -> None:
    log = fake("echo throttled=0x0")
    assert ask(compatible) == {}
    assert not log.exists()


def test_a_board_without_the_tool_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(PI) == {}


def test_a_tool_that_fails_is_asked_no_more(fake: Fake) -> None:
    log = fake("echo VCHI initialization failed; exit 255")
    assert ask(PI) == {}
    assert len(log.read_text().splitlines()) == 1


def test_a_tool_that_fails_later_has_told_what_it_told(fake: Fake) -> None:
    fake('test "$1" = get_throttled && echo throttled=0x5')
    assert ask(PI) == {"get_throttled": "throttled=0x5"}


@pytest.mark.parametrize("script", ["exec sleep 6", "sleep 6", "trap '' TERM; sleep 6"])
def test_a_tool_that_hangs_is_given_up_at_once(fake: Fake, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(vcgencmd, "LIMIT_S", 0.3)
    log = fake(script)
    start = time.monotonic()
    assert ask(PI) == {}
    assert time.monotonic() - start < 4
    assert len(log.read_text().splitlines()) == 1


def test_a_tool_that_cannot_be_started_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vcgencmd").write_bytes(b"\x7fELF garbage")
    (tmp_path / "vcgencmd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(PI) == {}


def test_garbage_is_cut_and_read_as_nothing(fake: Fake) -> None:
    fake(r"head -c 100000 /dev/zero | tr '\0' x; printf '\377\376'")
    answers = ask(PI)
    assert {len(answer) for answer in answers.values()} == {400}
    assert throttled_in(answers) is clock_hz_in(answers) is temperature_celsius_in(answers) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("throttled=0x50005", 0x50005), ("throttled=0x0", 0), ("throttled=0xE0008", 0xE0008), ("throttled=5", None),
        ("throttled=0x", None), ("throttled=0x123456789", None), ("error=1 throttled=0x0", None), ("", None),
    ],
)  # fmt: skip
def test_the_word_is_read_as_the_firmware_writes_it(text: str, word: int | None) -> None:
    assert throttled_in({"get_throttled": text}) == word


@pytest.mark.parametrize(
    ("text", "hz"),
    [
        ("frequency(48)=1500345728", 1500345728), ("frequency(0)=2400033792", 2400033792), ("frequency(48)=0", None),
        ("frequency(48)=", None), ("frequency(x)=1", None), ("frequency(48)=9999999999999", None),
    ],
)  # fmt: skip
def test_the_clock_is_read_as_the_firmware_writes_it(text: str, hz: int | None) -> None:
    assert clock_hz_in({"measure_clock arm": text}) == hz


@pytest.mark.parametrize(("text", "celsius"), [("temp=48.2'C", 48.2), ("temp=48'C", 48), ("temp=48.2", None)])
def test_the_temperature_is_read_as_the_firmware_writes_it(text: str, celsius: float | None) -> None:
    assert temperature_celsius_in({"measure_temp": text}) == celsius


def test_the_firmware_is_its_first_line() -> None:
    assert firmware_in({"version": "Mar 17 2023 10:50:39 \nCopyright (c) 2012 Broadcom\n"}) == "Mar 17 2023 10:50:39"
    assert firmware_in({"version": " \n"}) is firmware_in({"version": ""}) is firmware_in({}) is None


@given(st.dictionaries(st.sampled_from(QUESTIONS), st.text()))
def test_any_answers_are_read_or_unknown(answers: dict[str, str]) -> None:
    assert (throttled_in(answers) or 0) >= 0
    assert (clock_hz_in(answers) or 1) > 0
    temperature_celsius_in(answers)
    firmware_in(answers)
