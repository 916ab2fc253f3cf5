from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.machine.sources.cgroup import cpu_quota, memory_limit_bytes
from tests.machine.trees import write

TOP = "sys/fs/cgroup"
GROUP = "proc/self/cgroup"


def test_no_group_no_limit(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is memory_limit_bytes(tmp_path) is None


@pytest.mark.parametrize("group", ["0::/\n", ""])
def test_version_2_in_a_container_of_its_own(tmp_path: Path, group: str) -> None:
    write(tmp_path, {GROUP: group, f"{TOP}/cpu.max": "150000 100000\n", f"{TOP}/memory.max": "1073741824\n"})
    assert (cpu_quota(tmp_path), memory_limit_bytes(tmp_path)) == (1.5, 1 << 30)


def test_version_2_from_the_host(tmp_path: Path) -> None:
    folder = f"{TOP}/user.slice/app.scope"
    write(tmp_path, {GROUP: "0::/user.slice/app.scope\n", f"{folder}/cpu.max": "50000 100000"})
    write(tmp_path, {f"{folder}/memory.max": "4096"})
    assert (cpu_quota(tmp_path), memory_limit_bytes(tmp_path)) == (0.5, 4096)


def test_the_tightest_limit_up_the_tree_counts(tmp_path: Path) -> None:
    write(tmp_path, {GROUP: "0::/a/b/c"})
    for folder, quota, limit in (("a", "300000", "300"), ("a/b", "100000", "100"), ("a/b/c", "200000", "200")):
        write(tmp_path, {f"{TOP}/{folder}/cpu.max": f"{quota} 100000", f"{TOP}/{folder}/memory.max": limit})
    write(tmp_path, {f"{TOP}/a/other/cpu.max": "1 100000"})
    assert (cpu_quota(tmp_path), memory_limit_bytes(tmp_path)) == (1.0, 100)


@pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct"])
def test_version_1_in_a_container(tmp_path: Path, folder: str) -> None:
    write(tmp_path, {f"{TOP}/{folder}/cpu.cfs_quota_us": "200000\n", f"{TOP}/{folder}/cpu.cfs_period_us": "100000\n"})
    write(tmp_path, {f"{TOP}/memory/memory.limit_in_bytes": "2147483648\n"})
    assert (cpu_quota(tmp_path), memory_limit_bytes(tmp_path)) == (2.0, 2 << 30)


def test_version_1_from_the_host(tmp_path: Path) -> None:
    write(tmp_path, {GROUP: "12:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/y\n"})
    folder = f"{TOP}/cpu,cpuacct/docker/x"
    write(tmp_path, {f"{folder}/cpu.cfs_quota_us": "50000", f"{folder}/cpu.cfs_period_us": "100000"})
    write(tmp_path, {f"{TOP}/memory/docker/x/memory.limit_in_bytes": "4096"})
    assert (cpu_quota(tmp_path), memory_limit_bytes(tmp_path)) == (0.5, 4096)


@pytest.mark.parametrize(
    "text", ["max 100000", "max", "", "x y", "100000", "1 0", "-1 100000", "1e5 1", "9" * 19 + " 1"]
)
def test_no_limit_or_garbage_in_version_2_is_no_limit(tmp_path: Path, text: str) -> None:
    assert cpu_quota(write(tmp_path, {f"{TOP}/cpu.max": text})) is None


@pytest.mark.parametrize(("quota", "period"), [("-1", "100000"), ("0", "100000"), ("1", "0"), ("1", ""), ("", "1")])
def test_no_limit_or_garbage_in_version_1_is_no_limit(tmp_path: Path, quota: str, period: str) -> None:
    write(tmp_path, {f"{TOP}/cpu/cpu.cfs_quota_us": quota, f"{TOP}/cpu/cpu.cfs_period_us": period})
    assert cpu_quota(tmp_path) is None


@pytest.mark.parametrize("text", ["max", "", "-1", "0", "9223372036854771712", str(1 << 50), "1e9"])
def test_no_memory_limit_or_garbage_is_no_limit(tmp_path: Path, text: str) -> None:
    write(tmp_path, {f"{TOP}/memory.max": text, f"{TOP}/memory/memory.limit_in_bytes": text})
    assert memory_limit_bytes(tmp_path) is None


@pytest.mark.parametrize("path", ["/../../../outside", "/a/../../outside", "/.."])
def test_a_path_that_climbs_out_is_not_followed(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    write(tmp_path, {"outside/memory.max": "1", "root/sys/fs/cgroup/a/x": "", f"root/{GROUP}": f"0::{path}\n"})
    write(tmp_path, {"root/sys/fs/memory.max": "1", "root/sys/memory.max": "1", "root/memory.max": "1"})
    assert memory_limit_bytes(root) is None


@pytest.mark.parametrize(
    "text", ["0", "0:", "::", "x\ny", "0::/" + "a/" * 5000, "0::/\0", "0::/" + "n" * 5000, ":::::"]
)
def test_a_damaged_list_of_groups_leaves_the_top(tmp_path: Path, text: str) -> None:
    write(tmp_path, {GROUP: text, f"{TOP}/memory.max": "4096"})
    assert memory_limit_bytes(tmp_path) == 4096


@given(st.text(max_size=40), st.text(alphabet="0123456789 max-\n", max_size=30))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_files_give_positive_limits_or_none(
    tmp_path_factory: pytest.TempPathFactory, group: str, text: str
) -> None:
    root = write(tmp_path_factory.mktemp("tree"), {GROUP: group, f"{TOP}/cpu.max": text, f"{TOP}/memory.max": text})
    assert (cpu_quota(root) or 0) >= 0
    assert (memory_limit_bytes(root) or 1) > 0
