import json
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.machine.limits.records import (
    BandwidthPoint,
    CanaryFigures,
    CoreLimits,
    Knee,
    LatencyPoint,
    MachineLimits,
    PeakRate,
    TimerFigures,
)
from profiler.machine.records import Conflict, HardwareInfo, Statement
from profiler.models.number_format import NumberFormat
from profiler.report.hardware_text import ADVICE, Section, cache_text, hardware_lines, machine_sections, ranges
from profiler.report.measured_text import measured_lines
from profiler.report.values import UNKNOWN
from tests.machine.trees import NAMES, board

K = 1 << 10
EVIL = "\x1b[31mred\x1b]0;title\x07\r\n\x00\u202eevil\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")
CORE = CoreLimits(
    core="Cortex-A72",
    cpu=3,
    method="pointer chase",
    latencies=tuple(LatencyPoint(buffer_bytes=K << step, latency_s=2e-9) for step in range(2, 17)),
    bandwidths=(
        BandwidthPoint(buffer_bytes=16 * K, read_bytes_per_s=16e9, copy_bytes_per_s=8e9),
        BandwidthPoint(buffer_bytes=64 << 20, read_bytes_per_s=4e9, copy_bytes_per_s=None),
    ),
    knees=(Knee(low_bytes=32 * K, high_bytes=64 * K, ratio=2.5),),
    peaks=(PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=12.5e9, kernel="numba, 4 lanes"),),
)
MEASURED = MachineLimits(
    utc="2026-11-21T00:00:00Z",
    tool_version="0.1.0",
    duration_s=12.34,
    cores=(CORE,),
    timer=TimerFigures(resolution_s=1e-9, overhead_s=50e-9),
    canary=CanaryFigures(best_s=40e-6, median_s=42e-6, p95_s=44e-6),
    problems=("numba is not installed",),
)


def sections(name: str) -> dict[str, Section]:
    return {section.title: section for section in machine_sections(board(name))}


def lines(name: str, title: str) -> dict[str, str]:
    return {line.label: line.text for line in sections(name)[title].lines}


@pytest.mark.parametrize("name", NAMES)
def test_every_machine_has_its_sections_and_no_empty_ones(name: str) -> None:
    found = machine_sections(board(name))
    titles = [section.title for section in found]
    assert titles[:4] == ["Board and processor", "Caches", "Memory and system", "Conditions"]
    assert ("Where sources differ" in titles) is bool(board(name).conflicts)
    assert "Measured" not in titles
    assert all(section.lines and all(line.label and line.text for line in section.lines) for section in found)


def test_a_pi_4_reads_like_one() -> None:
    first = lines("pi4-64bit", "Board and processor")
    assert first["Board"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert first["Chip"] == "BCM2711"
    assert first["Cores"] == "4; CPUs online: 4"
    assert first["Core type"] == "Cortex-A72, part 0x41/0xd08, CPUs 0-3"
    assert first["Runs on"].startswith("the bare machine")
    assert lines("pi4-64bit", "Caches") == {
        "L1 data": "4 x 32 KiB, 2-way, 64 B lines, 256 sets, per CPU",
        "L1 instruction": "4 x 48 KiB, 3-way, 64 B lines, 256 sets, per CPU",
        "L2 unified": "1 x 1 MiB, 16-way, 64 B lines, 1024 sets, shared by 4 CPUs",
    }
    state = lines("pi4-64bit", "Conditions")
    assert state["Clock"] == "Cortex-A72: 600 MHz now, 600 MHz to 1800 MHz allowed, governor ondemand"
    assert state["Throttling"] == "under-voltage, throttled, under-voltage since boot, throttled since boot"
    assert state["Supply"] == "under-voltage"
    assert state["Temperature"] == "thermal_zone0 cpu-thermal 48.2 C"
    assert state["Allowed"] == "CPUs 0-3; control group: CPU time no limit, memory no limit"


def test_a_container_shows_its_limits() -> None:
    assert lines("pi4-docker", "Board and processor")["Container"] == "docker"
    allowed = lines("pi4-docker", "Conditions")["Allowed"]
    assert allowed == "CPUs 0-1; control group: CPU time 1.5 CPUs, memory 1 GiB"


def test_a_machine_whose_container_is_unknown_is_not_called_bare() -> None:
    assert "Runs on" not in lines("pi4-docker", "Board and processor")
    assert "Runs on" not in lines("xen-guest-arm", "Board and processor")


def test_an_emulated_machine_says_so_and_knows_no_caches() -> None:
    found = lines("qemu-user-x86", "Board and processor")
    assert found["Emulation"] == "aarch64 program on an x86 host (qemu-user)"
    assert found["CPU"] == UNKNOWN
    assert lines("qemu-user-x86", "Caches") == {"Caches": UNKNOWN}
    assert sections("qemu-user-x86")["Caches"].drawing == ()


def test_caches_of_two_kinds_of_core_say_whose_they_are() -> None:
    texts = [line.text for line in sections("rk3588")["Caches"].lines]
    assert texts[0].endswith("per CPU, of Cortex-A55")
    assert texts[-1] == "1 x 3 MiB, 12-way, 64 B lines, 4096 sets, shared by 8 CPUs"


def test_a_cache_says_where_its_size_is_from_and_in_short_the_rest() -> None:
    cache = msgspec.structs.replace(
        board("pi4-64bit").caches[0],
        origins={
            **board("pi4-64bit").caches[0].origins,
            "line_size_bytes": board("imx8mq").caches[0].origins["line_size_bytes"],
        },
    )
    hardware = msgspec.structs.replace(board("pi4-64bit"), caches=(cache,))
    (line,) = next(section for section in machine_sections(hardware) if section.title == "Caches").lines
    assert line.source == "sysfs; line: board table"


def test_unknown_fields_of_a_cache_are_said_or_left_out() -> None:
    bare = msgspec.structs.replace(
        board("pi4-64bit").caches[0], size_bytes=None, line_size_bytes=None, ways_of_associativity=None,
        number_of_sets=None, shared_cpus=(), instances=None,
    )  # fmt: skip
    assert cache_text(bare) == "? x unknown, sharing unknown"


def test_conflicts_read_as_sentences_with_sizes_in_words() -> None:
    conflict = Conflict(
        fact="L2 unified: size",
        used=Statement(value="524288", source="sysfs"),
        others=(
            Statement(value="absent", source="table"),
            Statement(value="between 1048576 and 2097152", source="measured"),
        ),
        unit="bytes",
    )
    plain = Conflict(
        fact="core type", used=Statement(value="A72", source="a"), others=(Statement(value="1048576", source="b"),)
    )  # fmt: skip
    hardware = msgspec.structs.replace(board("rk3588"), conflicts=(conflict, plain))
    found = next(section for section in machine_sections(hardware) if section.title == "Where sources differ")
    assert [line.text for line in found.lines] == [
        "L2 unified: size: used 512 KiB by sysfs, but absent by table; between 1 MiB and 2 MiB by measured",
        'core type: used "A72" by a, but "1048576" by b',
    ]


def test_advice_comes_last_with_its_remedy_and_not_in_other_reports() -> None:
    found = machine_sections(board("pi4-64bit"))
    assert found[-1].title == ADVICE
    assert {line.label for line in found[-1].lines} == {"!"}
    assert found[-1].lines[-1].text.startswith("the frequency governor is ondemand: calls after a pause")
    assert "set performance for the run" in found[-1].lines[-1].text
    texts = [text for _, text in hardware_lines(board("pi4-64bit"))]
    assert not any("set performance" in text for text in texts)
    assert "1 x 1 MiB, 16-way, 64 B lines, 1024 sets, shared by 4 CPUs (sysfs)" in texts


@pytest.mark.parametrize(
    ("cpus", "text"), [((), "none"), ((0,), "0"), ((0, 1), "0-1"), ((3, 1, 0), "0-1,3"), ((0, 2, 4), "0,2,4")]
)
def test_cpus_are_told_as_ranges(cpus: tuple[int, ...], text: str) -> None:
    assert ranges(cpus) == text


# ---------------------------------------------------------------- measured


def told(measured: MachineLimits | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in measured_lines(msgspec.structs.replace(board("pi4-64bit"), measured=measured)):
        found.setdefault(line.label, []).append(line.text)
    return found


def test_nothing_measured_is_no_line() -> None:
    assert told(None) == {}


def test_a_measured_machine_tells_where_caches_end_and_how_fast_it_is() -> None:
    texts = told(MEASURED)
    (latency,) = texts.pop("Latency")
    assert latency.endswith("2.00 ns a load at 4 KiB, 2.00 ns at 64 MiB")
    assert texts.pop("From L1") == ["one core reads 16 GB/s, copies 8 GB/s (read + written)"]
    assert texts.pop("From memory") == ["one core reads 4 GB/s"]
    assert texts == {
        "Cache ends": ["between 32 KiB and 64 KiB, 2.5 x slower beyond"],
        "Peak": ["12.5 Gflop/s float32 of one core"],
        "Timer": ["smallest step 1.00 ns, reading it 50.0 ns"],
        "Canary": ["40.0 us, median +5.0 %, 95 % within +10.0 %"],
        "When": ["2026-11-21T00:00:00Z, took 12.3 s"],
        "Not measured": ["numba is not installed"],
    }


def test_several_cores_are_told_apart() -> None:
    small = msgspec.structs.replace(CORE, core="Cortex-A55")
    found = told(msgspec.structs.replace(MEASURED, cores=(CORE, small)))
    assert [text.split(":")[0] for text in found["Peak"]] == ["Cortex-A72", "Cortex-A55"]


def test_without_a_knee_that_is_said_and_without_a_curve_nothing_is() -> None:
    flat = msgspec.structs.replace(CORE, knees=())
    assert told(msgspec.structs.replace(MEASURED, cores=(flat,)))["Cache ends"] == ["no knee seen"]
    bare = msgspec.structs.replace(flat, latencies=(), bandwidths=(), peaks=())
    assert set(told(msgspec.structs.replace(MEASURED, cores=(bare,), timer=None, canary=None, problems=()))) == {"When"}


def test_what_was_measured_is_a_section_of_its_own() -> None:
    hardware = msgspec.structs.replace(board("pi4-64bit"), measured=MEASURED)
    assert "Measured" in [section.title for section in machine_sections(hardware)]


# ---------------------------------------------------------------- hostile reports


def replaced(value: Any, text: str) -> Any:
    """The same document with another text in every place, names of entries included where they are free."""
    if isinstance(value, dict):
        free = set(value) & {"policy0", "thermal_zone0 cpu-thermal", "python"}
        return {text if key in free else key: replaced(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, text) for inner in value]
    return (
        text
        if isinstance(value, str) and value not in {"data", "instruction", "unified", "pointer chase", "float32"}
        else value
    )


def full() -> Any:
    hardware = msgspec.structs.replace(
        board("pi-zero-w"), measured=MEASURED, software={"python": "3.13"}, environment=board("wsl2").environment
    )  # fmt: skip
    return json.loads(msgspec.json.encode(hardware))


def test_hostile_text_in_every_field_comes_out_harmless() -> None:
    hardware = msgspec.convert(replaced(full(), EVIL), HardwareInfo)
    found = machine_sections(hardware)
    texts = [text for part in found for line in part.lines for text in (line.label, line.text, line.source)]
    texts += [text for pair in hardware_lines(hardware) for text in pair]
    texts += [line for section in found for line in section.drawing]
    assert sum("evil" in text for text in texts) > 20
    assert not any(unicodedata.category(character)[0] == "C" for text in texts for character in text)


def test_unknown_everywhere_is_still_a_report() -> None:
    """Every value that may be unknown is."""

    def emptied(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: None if key in {"value", "raw"} else emptied(inner) for key, inner in value.items()}
        return [] if isinstance(value, list) else value

    found = machine_sections(msgspec.convert({**emptied(full()), "measured": None}, HardwareInfo))
    assert [line.text for line in found[0].lines[:2]] == [UNKNOWN, UNKNOWN]


STRANGE = st.one_of(
    st.none(),
    st.integers(-2, 3),
    st.sampled_from([2**31, 2**62, -(2**62), 1e300, -1e300, 1e-300, 0.5, 0.0]),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [pair for key, inner in items for pair in ((value, key), *places(inner))]


def hostile(document: Any) -> None:
    try:
        hardware = msgspec.json.decode(json.dumps(document), type=HardwareInfo)
    except msgspec.ValidationError:
        return
    machine_sections(hardware)
    hardware_lines(hardware)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_strange_value_anywhere_is_refused_or_reported(data: st.DataObject) -> None:
    document = full()
    container, key = data.draw(st.sampled_from(places(document)))
    container[key] = data.draw(STRANGE)
    hostile(document)


def test_a_size_beyond_all_bounds_is_reported() -> None:
    document = full()
    document["memory"]["total_bytes"]["value"] = 10**400
    hostile(document)
