"""The comparison with pytorch/cpuinfo, on two invented recordings in that project's form."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/evidence/compare_cpuinfo.py"
HEADER = r"""struct cpuinfo_mock_file filesystem[] = {
    {.path = "/proc/cpuinfo",
     .size = 9,
     .content =
         "processor\t: 0\n"
         "CPU implementer\t: 0x41\n" "CPU part\t: 0xd03\n\n"
         "processor\t: 1\n"
         "CPU implementer\t: 0x41\n" "CPU part\t: 0xd08\n\n"},
    {
        .path = "/sys/devices/system/cpu/online",
        .size = 4,
        .content = "0-1\n",
    },
};
"""
TEST = """TEST(PROCESSORS, count) {
	ASSERT_EQ(2, cpuinfo_get_processors_count());
}
TEST(PROCESSORS, linux_id) {
	switch (i) {
		case 0:
			ASSERT_EQ(i + 1, cpuinfo_get_processor(i)->linux_id);
			break;
		case 1:
			ASSERT_EQ(i - 1, cpuinfo_get_processor(i)->linux_id);
			break;
	}
}
TEST(CORES, uarch) {
	switch (i) {
		case 0:
			ASSERT_EQ(cpuinfo_uarch_cortex_a72, cpuinfo_get_core(i)->uarch);
			break;
		case 1:
			ASSERT_EQ(cpuinfo_uarch_cortex_a53, cpuinfo_get_core(i)->uarch);
			break;
	}
}
TEST(CORES, midr) {
	switch (i) {
		case 0:
			ASSERT_EQ(UINT32_C(0x410FD081), cpuinfo_get_core(i)->midr);
			break;
		case 1:
			ASSERT_EQ(UINT32_C(0x410FD034), cpuinfo_get_core(i)->midr);
			break;
	}
}
"""


@pytest.mark.parametrize(
    ("change", "to", "verdict"),
    [
        ("", "", "same"),
        ("0x410FD081", "0x410FD091", "other part numbers"),
        ("cortex_a72", "cortex_a73", "the same part numbers by other names"),
        ("(2, cpuinfo", "(x, cpuinfo", "its test asserts nothing of its cores"),
    ],
)
def test_devices_are_compared_cpu_by_cpu(
    change: str,
    to: str,
    verdict: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mocks = tmp_path / "test/mock"
    mocks.mkdir(parents=True)
    (mocks / "phone.h").write_text(HEADER)
    (mocks / "phone.cc").write_text(TEST.replace(change, to) if change else TEST)
    spec = importlib.util.spec_from_file_location("compare_cpuinfo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "compare_cpuinfo", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["compare_cpuinfo", str(tmp_path), "--all"])
    assert module.main() == 0
    printed = capsys.readouterr().out
    assert f"phone: {verdict}\n" in printed
    assert "here:    1x Cortex-A53 0x41/0xd03 (0-0), 1x Cortex-A72 0x41/0xd08 (1-1)" in printed
