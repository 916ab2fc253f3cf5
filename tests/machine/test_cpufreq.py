from pathlib import Path

import pytest

from profiler.machine.sources.cpufreq import read_clock_domains, read_frequencies, read_governors
from tests.machine.trees import write

FOLDER = "sys/devices/system/cpu/cpufreq"


def policy(number: int, **files: str) -> dict[str, str | bytes]:
    return {f"{FOLDER}/policy{number}/{name}": text for name, text in files.items()}


def test_policies_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 4, 0):
        write(tmp_path, policy(number, scaling_governor=f"governor{number}\n"))
    assert list(read_governors(tmp_path).items()) == [
        ("policy0", "governor0"), ("policy4", "governor4"), ("policy10", "governor10"),
    ]  # fmt: skip


def test_kilohertz_become_hertz(tmp_path: Path) -> None:
    write(tmp_path, policy(0, scaling_cur_freq="600000\n"))
    assert read_frequencies(tmp_path, "scaling_cur_freq") == {"policy0": 600_000_000}
    assert read_frequencies(tmp_path, "scaling_max_freq") == {}


@pytest.mark.parametrize("text", ["", "<unknown>", "0", "-1", "600 MHz", "9" * 21])
def test_a_clock_that_is_none_is_left_out(tmp_path: Path, text: str) -> None:
    write(tmp_path, policy(0, scaling_cur_freq=text, cpuinfo_max_freq=text, related_cpus="0"))
    assert read_frequencies(tmp_path, "scaling_cur_freq") == {}
    assert [domain.max_hz for domain in read_clock_domains(tmp_path, {})] == [None]


def test_an_empty_governor_is_left_out(tmp_path: Path) -> None:
    assert read_governors(write(tmp_path, policy(0, scaling_governor="\n"))) == {}


def test_a_domain_has_the_limits_of_the_hardware_and_the_core_of_its_cpus(tmp_path: Path) -> None:
    write(tmp_path, policy(0, related_cpus="0 1\n", cpuinfo_min_freq="1", cpuinfo_max_freq="2", scaling_max_freq="9"))
    write(tmp_path, policy(2, related_cpus="2 3\n"))
    first, second = read_clock_domains(tmp_path, {0: "A55", 1: "A55", 2: "A55", 3: "A76"})
    assert (first.policy, first.cpus, first.core, first.min_hz, first.max_hz) == ("policy0", (0, 1), "A55", 1000, 2000)
    assert (second.cpus, second.core, second.min_hz) == ((2, 3), None, None)


@pytest.mark.parametrize("text", ["", "all", "0 x"])
def test_cpus_that_are_none_leave_the_domain_empty(tmp_path: Path, text: str) -> None:
    (domain,) = read_clock_domains(write(tmp_path, policy(0, related_cpus=text)), {0: "A55"})
    assert (domain.cpus, domain.core) == ((), None)


def test_no_folder_no_clocks(tmp_path: Path) -> None:
    assert read_governors(tmp_path) == {}
    assert read_clock_domains(tmp_path, {}) == ()
