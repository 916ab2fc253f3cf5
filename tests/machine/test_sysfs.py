from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.machine.sources import sysfs
from profiler.machine.sources.sysfs import (
    cache_statements,
    parse_cpu_list,
    parse_size,
    read_hybrid_cpus,
    read_midrs,
    tree_nodes,
)
from tests.machine.trees import write

CPUS = "sys/devices/system/cpu"
L1D = {
    "level": "1\n", "type": "Data\n", "size": "32K\n", "coherency_line_size": "64\n", "ways_of_associativity": "4\n",
    "number_of_sets": "128\n", "shared_cpu_list": "0\n",
}  # fmt: skip


def index(cpu: int, number: int, files: dict[str, str]) -> dict[str, str | bytes]:
    return {f"{CPUS}/cpu{cpu}/cache/index{number}/{name}": text for name, text in files.items()}


def test_every_file_of_a_cache_is_told_with_its_text(tmp_path: Path) -> None:
    (one,) = cache_statements(write(tmp_path, index(0, 0, L1D)))
    assert (one.cpu, one.level, one.type, one.source, one.is_whole) == (
        0,
        1,
        "data",
        "sysfs",
        False,
    )
    assert {name: reading.value for name, reading in one.fields.items()} == {
        "size_bytes": 32768, "line_size_bytes": 64, "ways_of_associativity": 4, "number_of_sets": 128,
        "shared_cpus": (0,),
    }  # fmt: skip
    assert {name: reading.raw for name, reading in one.fields.items()} == {
        "size_bytes": "32K", "line_size_bytes": "64", "ways_of_associativity": "4", "number_of_sets": "128",
        "shared_cpus": "0",
    }  # fmt: skip


def test_a_folder_without_any_size_does_not_claim_to_be_whole(tmp_path: Path) -> None:
    unsized = {name: text for name, text in L1D.items() if name != "size"}
    (one,) = cache_statements(write(tmp_path, index(0, 0, unsized)))
    assert "size_bytes" not in one.fields
    assert not one.is_whole


def test_a_cpu_is_whole_where_all_sizes_up_to_a_second_level_are_told(tmp_path: Path) -> None:
    second = {**L1D, "level": "2", "type": "Unified"}
    unsized = {name: text for name, text in L1D.items() if name != "size"}
    files = index(0, 0, L1D) | index(0, 1, second) | index(1, 0, unsized) | index(1, 1, second) | index(2, 0, L1D)
    assert [one.is_whole for one in cache_statements(write(tmp_path, files))] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("level", ""), ("level", "0"), ("level", "-1"), ("level", "9"), ("level", "L1"), ("level", "9" * 30),
        ("type", ""), ("type", "Trace"), ("type", "\0"),
    ],
)  # fmt: skip
def test_a_cache_of_no_level_or_kind_is_passed_over(tmp_path: Path, name: str, text: str) -> None:
    assert cache_statements(write(tmp_path, index(0, 0, {**L1D, name: text}))) == []


@pytest.mark.parametrize("text", ["0", "", "-4", "x", "9" * 25, "0x40"])
@pytest.mark.parametrize("name", ["coherency_line_size", "ways_of_associativity", "number_of_sets"])
def test_zero_and_nonsense_are_unknown(tmp_path: Path, name: str, text: str) -> None:
    (one,) = cache_statements(write(tmp_path, index(0, 0, {**L1D, name: text})))
    assert len(one.fields) == 4


@pytest.mark.parametrize("text", ["", "1-3", "x", "0-99999", "0;1"])
def test_sharing_that_leaves_out_the_cpu_itself_is_unknown(tmp_path: Path, text: str) -> None:
    (one,) = cache_statements(write(tmp_path, index(0, 0, {**L1D, "shared_cpu_list": text})))
    assert "shared_cpus" not in one.fields


def test_cpus_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    files = {name: text for cpu in (10, 2, 0) for name, text in index(cpu, 0, L1D).items()}
    files |= {f"{CPUS}/cpufreq/policy0/x": "", f"{CPUS}/cpu9999/cache/index0/level": "1", f"{CPUS}/cpu1x/x": ""}
    assert [one.cpu for one in cache_statements(write(tmp_path, files))] == [0, 2, 10]


def test_part_numbers_are_read_from_the_register_and_zero_is_none(tmp_path: Path) -> None:
    name = f"{CPUS}/cpu{{}}/regs/identification/midr_el1"
    texts = ["0x00000000410fd083\n", "0x0\n", "junk", ""]
    write(tmp_path, {name.format(cpu): text for cpu, text in enumerate(texts)})
    assert read_midrs(tmp_path) == {0: 0x410FD083}


def test_hybrid_cpus_are_told_only_where_both_kinds_are(tmp_path: Path) -> None:
    assert read_hybrid_cpus(tmp_path) == {}
    write(tmp_path, {"sys/devices/cpu_core/cpus": "0-3\n"})
    assert read_hybrid_cpus(tmp_path) == {}
    write(tmp_path, {"sys/devices/cpu_atom/cpus": "4-7\n"})
    assert read_hybrid_cpus(tmp_path) == {"performance core": (0, 1, 2, 3), "efficiency core": (4, 5, 6, 7)}


def test_online_cpus_are_counted(tmp_path: Path) -> None:
    assert sysfs.online_cpus(tmp_path).value is None
    found = sysfs.online_cpus(write(tmp_path, {f"{CPUS}/online": "0-2,5\n"}))
    assert (found.value, found.raw) == (4, "0-2,5")
    assert sysfs.online_cpus(write(tmp_path, {f"{CPUS}/online": "junk"})).value is None


def test_threads_of_one_core_count_once(tmp_path: Path) -> None:
    name = f"{CPUS}/cpu{{}}/topology/thread_siblings_list"
    write(tmp_path, {name.format(cpu): f"{cpu % 2},{cpu % 2 + 2}\n" for cpu in range(4)})
    assert sysfs.physical_cores(tmp_path).value == 2


def test_memory_nodes_are_counted(tmp_path: Path) -> None:
    assert sysfs.numa_nodes(tmp_path).value is None
    assert sysfs.numa_nodes(write(tmp_path, {"sys/devices/system/node/online": "0-7"})).value == 8


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32K", 32768), ("4M", 4 << 20), ("1G", 1 << 30), ("64", 64), ("0K", None), ("", None), (None, None),
        ("unknown", None), ("1.5M", None), ("-1K", None), ("32k", None), ("9999999999K", None), ("32 K", None),
    ],
)  # fmt: skip
def test_sizes_read_as_the_kernel_writes_them(text: str | None, size: int | None) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0", (0,)), ("0-2,5", (0, 1, 2, 5)), ("4,0", (0, 4)), ("0-0", (0,)), ("0-99999", ()), ("", ()), (None, ()),
        ("0,,1", ()), ("a", ()), ("-1", ()), ("1-", ()), ("0 - 1", ()), ("8192", (8192,)), ("8193", ()),
    ],
)  # fmt: skip
def test_cpu_lists_read_as_the_kernel_writes_them(text: str | None, cpus: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == cpus


@given(st.text(max_size=30))
def test_any_size_or_cpu_list_is_parsed_or_unknown(text: str) -> None:
    assert (parse_size(text) or 1) > 0
    assert all(0 <= cpu <= 8192 for cpu in parse_cpu_list(text))


@given(st.sets(st.integers(0, 300), min_size=1))
def test_cpu_lists_in_every_spelling_are_the_same_set(cpus: set[int]) -> None:
    assert parse_cpu_list(",".join(map(str, cpus))) == tuple(sorted(cpus))
    assert parse_cpu_list(f"{min(cpus)}-{max(cpus)}") == tuple(range(min(cpus), max(cpus) + 1))


@given(st.dictionaries(st.sampled_from(sorted(L1D)), st.text(alphabet="0123456789-,KMGx \0", max_size=12)))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_files_give_positive_numbers(tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]) -> None:
    for one in cache_statements(write(tmp_path_factory.mktemp("tree"), index(0, 0, {**L1D, **files}))):
        assert 1 <= one.level <= 8
        for reading in one.fields.values():
            assert 0 in reading.value if isinstance(reading.value, tuple) else reading.value > 0


def test_nodes_of_the_tree_are_read_from_links_or_from_a_recordings_note(tmp_path: Path) -> None:
    folder = tmp_path / CPUS
    for number in range(3):
        (folder / f"cpu{number}").mkdir(parents=True)
    (folder / "cpu0/of_node").symlink_to("../../../../firmware/devicetree/base/cpus/cpu@100")
    (folder / "cpu1/of_node_name").write_text("cpu@0\n")
    assert tree_nodes(tmp_path) == {0: "cpu@100", 1: "cpu@0"}
