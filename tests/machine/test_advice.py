"""Each piece of advice appears where it should, and nowhere else: a calm machine gets none."""

from typing import Any

import msgspec
import pytest

from profiler.machine.advice import advise, advise_on_results
from profiler.machine.records import Conflict, Environment, Fact, HardwareInfo, Statement
from tests.machine.trees import NAMES, board
from tests.sessions import measured

CALM = msgspec.structs.replace(board("rk3588"), conditions=board("rk3588").conditions)
ODD = Conflict(
    fact="L1 data: size",
    used=Statement(value="1", source="a"),
    others=(Statement(value="2", source="b"),),
    unit="bytes",
)


def with_state(**changes: Any) -> HardwareInfo:
    return msgspec.structs.replace(CALM, conditions=msgspec.structs.replace(CALM.conditions, **changes))


def inside(**facts: str) -> HardwareInfo:
    found = {name: Fact(value=value, source="made up") for name, value in facts.items()}
    return msgspec.structs.replace(CALM, environment=Environment(**found))


def texts(hardware: HardwareInfo) -> list[str]:
    return [advice.text for advice in advise(hardware)]


def only(hardware: HardwareInfo) -> tuple[str, str]:
    (advice,) = advise(hardware)
    return advice.text, advice.next_step


def test_a_calm_machine_gets_no_advice() -> None:
    assert advise(CALM) == ()


@pytest.mark.parametrize(
    "state",
    [
        {"throttled": 0}, {"under_voltage": False}, {"temperatures_celsius": {"cpu": 69.9}}, {"load_1min": 0.5},
        {"swap_used_bytes": 0}, {"memory_limit_bytes": 256 << 20}, {"cpu_quota": 8.0}, {"firmware_frequency_hz": 1},
        {"firmware_frequency_hz": 1_700_000_000, "frequencies_hz": {"policy0": 1_800_000_000}},
        {"firmware_frequency_hz": 1, "frequencies_hz": {}}, {"cpus_allowed": None}, {"governors": {}},
        {"max_frequencies_hz": {}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_in_order_gets_no_advice(state: dict[str, Any]) -> None:
    if set(state) == {"firmware_frequency_hz"}:
        state = {**state, "frequencies_hz": {}}
    assert advise(with_state(**state)) == ()


@pytest.mark.parametrize(
    ("state", "text", "step"),
    [
        ({"throttled": 0x1}, "the firmware reports under-voltage", "use a power supply that holds"),
        ({"throttled": 0x4}, "the firmware reports throttled", "cool the board; this goes on now"),
        ({"throttled": 0x50000}, "the firmware reports under-voltage since boot, throttled since boot", "use a power"),
        ({"under_voltage": True}, "the firmware reports under-voltage (the kernel's alarm)", "use a power supply"),
        ({"under_voltage": True, "throttled": 0}, "the firmware reports under-voltage (the kernel", "use a power"),
        (
            {"firmware_frequency_hz": 600_000_000, "frequencies_hz": {"policy0": 1_400_000_000}},
            "cpufreq says 1400 MHz, the firmware measures 600 MHz", "check power supply",
        ),
        ({"governors": {"a": "ondemand", "b": "performance"}}, "the frequency governor is ondemand:", "set perform"),
        ({"max_frequencies_hz": {"policy4": 1_000_000_000}}, "the highest clock is capped below", "if that"),
        ({"temperatures_celsius": {"a": 20.0, "b": 70.0}}, "it is 70 C hot", "let it cool"),
        ({"load_1min": 0.51}, "the machine is busy (load 0.51)", "stop other programs"),
        ({"cpu_quota": 1.5}, "the control group may use 1.5 of 8 CPUs", "run without that limit"),
        ({"cpus_allowed": (4, 5)}, "this process may use 2 of 8 CPUs", "if that is not wanted"),
        ({"swap_used_bytes": 20 << 20}, "20 MiB are swapped out", "free memory; if enough is free"),
        ({"memory_limit_bytes": 200 << 20}, "only 200 MiB of memory can be used", "measure ONNX or arrays"),
    ],
    ids=str,
)  # fmt: skip
def test_every_trouble_has_its_advice_and_its_remedy(state: dict[str, Any], text: str, step: str) -> None:
    found = only(with_state(**state))
    assert found[0].startswith(text)
    assert found[1].startswith(step)


def test_throttling_of_the_past_asks_for_a_new_start_and_that_of_now_does_not() -> None:
    assert "happened since boot, so reboot" in only(with_state(throttled=0x40000))[1]
    assert "reboot" not in only(with_state(throttled=0x40004))[1]


def test_bits_that_mean_nothing_are_not_mentioned() -> None:
    assert advise(with_state(throttled=0xFFF0)) == ()


@pytest.mark.parametrize(("celsius", "count"), [(54.9, 0), (55.0, 1)])
def test_a_board_with_a_lower_limit_of_its_own_is_warned_of_sooner(celsius: float, count: int) -> None:
    hardware = msgspec.structs.replace(
        with_state(temperatures_celsius={"cpu": celsius}), board=board("pi3b-plus").board
    )
    assert len(advise(hardware)) == count


def test_emulation_outweighs_all_else() -> None:
    hardware = inside(emulation="aarch64 program on an x86 host (qemu-user)")
    assert "times mean nothing" in texts(hardware)[0]
    assert "measure on the board" in advise(hardware)[0].next_step


def test_advice_on_emulation_is_written_in_english() -> None:
    assert "is a aarch64" not in texts(board("qemu-user-x86"))[0]


@pytest.mark.parametrize(
    ("vm", "text"), [("Xen", "this is a virtual machine (Xen):"), ("virtual machine", "this is a virtual machine:")]
)
def test_a_virtual_machine_is_named_if_it_has_a_name(vm: str, text: str) -> None:
    assert only(inside(vm=vm))[0].startswith(text)


@pytest.mark.parametrize(
    "facts", [{"vm": "none"}, {"emulation": "none"}, {"container": "docker"}, {"userland": "32-bit"}]
)
def test_an_ordinary_environment_gets_no_advice(facts: dict[str, str]) -> None:
    assert advise(inside(**facts)) == ()


def test_32_bit_programs_on_a_64_bit_kernel_miss_their_wheels() -> None:
    assert "no such wheels" in only(inside(userland="32-bit on a 64-bit kernel"))[0]


def test_a_machine_without_a_known_data_cache_should_be_measured() -> None:
    instruction = tuple(cache for cache in CALM.caches if cache.type == "instruction")
    unsized = tuple(msgspec.structs.replace(cache, size_bytes=None) for cache in CALM.caches)
    for caches in ((), instruction, unsized):
        text, step = only(msgspec.structs.replace(CALM, caches=caches))
        assert text == "no source tells the size of any data cache"
        assert step == "measure them: layout-profiler hardware --measure"


def test_on_a_pi_5_a_newer_kernel_tells_what_an_older_did_not() -> None:
    assert "update the kernel" in only(msgspec.structs.replace(CALM, caches=(), board=board("pi5").board))[1]


def test_under_emulation_unknown_caches_are_not_worth_measuring() -> None:
    assert not any("data cache" in text for text in texts(board("qemu-user-x86")))


def test_contradicting_sizes_should_be_measured_once() -> None:
    named = msgspec.structs.replace(ODD, fact="board model", unit=None)
    text, step = only(msgspec.structs.replace(CALM, conflicts=(ODD, ODD, named)))
    assert text == "sources differ on L1 data: size"
    assert "--measure" in step
    assert advise(msgspec.structs.replace(CALM, conflicts=(ODD,), measured=measured())) == ()
    assert advise(msgspec.structs.replace(CALM, conflicts=(named,))) == ()


def test_readers_of_results_hear_of_the_machine_and_not_of_its_state() -> None:
    hardware = msgspec.structs.replace(
        with_state(throttled=5, load_1min=9.0, swap_used_bytes=1 << 30, governors={"policy0": "powersave"}),
        conflicts=(ODD,),
        environment=inside(vm="Xen").environment,
    )
    assert [advice.text.split(":")[0] for advice in advise_on_results(hardware)] == [
        "this is a virtual machine (Xen)",
        "sources differ on L1 data",
    ]
    assert set(advise_on_results(hardware)) < set(advise(hardware))


@pytest.mark.parametrize("name", NAMES)
def test_advice_says_what_to_do_and_each_thing_once(name: str) -> None:
    found = advise(board(name))
    assert len(set(found)) == len(found)
    assert all(advice.text and advice.next_step for advice in found)
