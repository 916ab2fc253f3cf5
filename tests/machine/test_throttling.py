from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.sources.throttling import BITS, read_throttled, read_under_voltage, throttle_words
from tests.machine.trees import write

FILE = "sys/devices/platform/soc/soc:firmware/get_throttled"
PI5_FILE = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


@pytest.mark.parametrize("name", [FILE, PI5_FILE])
def test_the_file_is_hexadecimal_without_a_prefix(tmp_path: Path, name: str) -> None:
    assert read_throttled(write(tmp_path, {name: "50005\n"}), {}) == 0x50005


def test_the_file_wins_over_vcgencmd(tmp_path: Path) -> None:
    answers = {"get_throttled": "throttled=0x50005"}
    assert read_throttled(tmp_path, answers) == 0x50005
    assert read_throttled(write(tmp_path, {FILE: "0\n"}), answers) == 0


@pytest.mark.parametrize("text", ["", "x", "-5", "\xff", "5" * 30])
def test_a_file_without_a_word_leaves_it_to_vcgencmd(tmp_path: Path, text: str) -> None:
    write(tmp_path, {FILE: text})
    assert read_throttled(tmp_path, {}) is None
    assert read_throttled(tmp_path, {"get_throttled": "throttled=0x2"}) == 2


@pytest.mark.parametrize(("text", "expected"), [("1\n", True), ("0\n", False), ("", None), ("x", None)])
def test_the_alarm_of_low_voltage_is_that_of_rpi_volt(tmp_path: Path, text: str, expected: bool | None) -> None:
    write(tmp_path, {"sys/class/hwmon/hwmon0/name": "cpu_thermal\n", "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "1\n"})
    assert read_under_voltage(tmp_path) is None
    write(tmp_path, {"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": text})
    assert read_under_voltage(tmp_path) is expected


def test_every_bit_of_the_documentation_has_its_words() -> None:
    now = ["under-voltage", "frequency capped", "throttled", "soft temperature limit"]
    assert throttle_words(0xF) == now
    assert throttle_words(0xF0000) == [f"{word} since boot" for word in now]
    assert throttle_words(0x50005) == [now[0], now[2], f"{now[0]} since boot", f"{now[2]} since boot"]
    assert throttle_words(0) == throttle_words(None) == throttle_words(0xFFF0) == []


@given(st.integers(0, 2**80))
def test_any_word_gives_as_many_texts_as_it_has_known_bits(word: int) -> None:
    assert len(throttle_words(word)) == sum(word >> bit & 1 for bit in BITS)
