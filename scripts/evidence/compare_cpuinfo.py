#!/usr/bin/env python3
"""Compares the core types found here with those that pytorch/cpuinfo's own tests assert, on 82 recorded devices.

`test/mock/*.h` of that project has recordings of phones and tablets, `test/mock/*.cc` what its tests expect of them.
Each recording becomes a tree in a temporary folder; nothing of it is kept.

    git clone https://github.com/pytorch/cpuinfo
    scripts/evidence/compare_cpuinfo.py cpuinfo          # a work tree, or a git directory
    scripts/evidence/compare_cpuinfo.py cpuinfo --all    # devices that agree too

Last printed: no print of it was kept. It was written on 2026-11-24; the recordings are the same on every machine.
"""

import argparse
import collections
import dataclasses
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from profiler.machine.capture import capture_hardware
from profiler.machine.records import HardwareInfo

MOCKS = "test/mock"
_FILE = re.compile(r'\.path\s*=\s*"([^"]+)"(.*?)\.content\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ASSERT = re.compile(r"ASSERT_EQ\((.+?), cpuinfo_get_\w+\(i\)->(\w+)\);")

SAME = "same"
OFFLINE = "CPUs that were off are not in /proc/cpuinfo; cpuinfo infers them"
NAMES = "the same part numbers by other names"
ONE_PART = "/proc/cpuinfo names one part for unlike CPUs"
NO_PART = "no part number that can be read"
NOT_ASKED = "its test asserts nothing of its cores"

Part = tuple[int, int]  # the MIDR fields: implementer and part


@dataclasses.dataclass(frozen=True)
class Expected:
    """What cpuinfo's tests say: parts and core names by Linux's CPU number."""

    parts: Mapping[int, Part]
    names: Mapping[int, str]
    cpus: int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One device: whether we agree, and how it reads."""

    device: str
    verdict: str
    expected: str
    found: str


def read_checkout(checkout: Path) -> dict[str, str]:
    """The texts of `test/mock` by file name, from a work tree or a git directory."""
    if (checkout / MOCKS).is_dir():
        return {path.name: path.read_text() for path in sorted((checkout / MOCKS).iterdir()) if path.is_file()}
    names = _git(checkout, "ls-tree", "--name-only", "HEAD", f"{MOCKS}/").split()
    return {Path(name).name: _git(checkout, "show", f"HEAD:{name}") for name in names}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)  # noqa: S607
    return done.stdout


def recorded_files(header: str) -> dict[str, bytes]:
    """The files of a recording, by path."""
    return {
        match[1].lstrip("/"): "".join(_unescaped(text) for text in _STRING.findall(match[3])).encode(
            "latin-1", "replace"
        )
        for match in _FILE.finditer(header)
    }


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "x":
            return chr(int(code[1:], 16))
        return chr(int(code, 8) & 0xFF) if code[0].isdigit() else _PLAIN.get(code, code)

    return _ESCAPE.sub(plain, text)


def expectations(test: str) -> Expected:
    """What a test asserts of the device's cores."""
    counted = re.search(r"ASSERT_EQ\((\d+), cpuinfo_get_processors_count\(\)\)", test)
    count = int(counted[1]) if counted else 0
    numbers = {core: _linux_cpu(text, core) for core, text in _asserted(test, "PROCESSORS", "linux_id", count)}
    midrs = {
        core: int(re.sub(r"UINT\d+_C\(|\)", "", text), 16) for core, text in _asserted(test, "CORES", "midr", count)
    }
    return Expected(
        parts={numbers.get(core, core): (midr >> 24, midr >> 4 & 0xFFF) for core, midr in midrs.items()},
        names={
            numbers.get(core, core): text.removeprefix("cpuinfo_uarch_")
            for core, text in _asserted(test, "CORES", "uarch", count)
        },
        cpus=count,
    )


def _asserted(test: str, group: str, name: str, count: int) -> Iterator[tuple[int, str]]:
    """What is asserted of each core: of all, or in the cases of a switch."""
    body = re.search(rf"^TEST\({group}, (?:DISABLED_)?{name}\) \{{(.*?)^\}}", test, re.DOTALL | re.MULTILINE)
    cases: list[int] = []
    for line in body[1].splitlines() if body else []:
        if case := re.match(r"\s*case (\d+):", line):
            cases.append(int(case[1]))
        if asserted := _ASSERT.search(line):
            for core in cases or range(count):
                yield core, asserted[1]
            cases = []


def _linux_cpu(text: str, core: int) -> int:
    """`i`, `i + 4`, `i - 4` or a number, for a core."""
    match = re.fullmatch(r"(i|\d+)(?: ([+-]) (\d+))?", text)
    if match is None:
        return core
    start = core if match[1] == "i" else int(match[1])
    return start + int(f"{match[2]}{match[3]}") if match[2] else start


def capture_recording(files: Mapping[str, bytes]) -> HardwareInfo:
    """What this project finds in the recording."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return capture_hardware(Path(folder))


def compare(device: str, expected: Expected, found: HardwareInfo, cpuinfo: str) -> Outcome:
    """How what is found differs from what is expected. `cpuinfo` is the text of /proc/cpuinfo."""
    ours = {
        cpu: (core.implementer, core.part)
        for core in found.core_types
        for cpu in core.cpus
        if core.implementer is not None and core.part is not None
    }
    names = {cpu: core.name or "unnamed" for core in found.core_types for cpu in core.cpus}
    if not expected.cpus:
        verdict = NOT_ASKED
    elif not expected.parts:  # x86 has no part numbers
        verdict = SAME if len(names) == expected.cpus else "another number of CPUs"
    else:
        verdict = _verdict(expected, ours, names, cpuinfo)
    return Outcome(device, verdict, _shown(expected.parts, expected.names), _shown(ours, names))


def _verdict(expected: Expected, ours: Mapping[int, Part], names: Mapping[int, str], cpuinfo: str) -> str:
    wrong = {cpu for cpu in ours if ours[cpu] != expected.parts.get(cpu)}
    if wrong:
        return ONE_PART if len(re.findall(r"^CPU part", cpuinfo, re.MULTILINE)) == 1 else "other part numbers"
    if not ours:
        return NO_PART
    if set(ours) < set(expected.parts):
        return OFFLINE
    return SAME if all(_same_name(expected, names, cpu) for cpu in ours) else NAMES


def _same_name(expected: Expected, names: Mapping[int, str], cpu: int) -> bool:
    theirs = re.sub(r"r\d$", "", expected.names.get(cpu, names[cpu].lower()))
    return re.sub(r"[^a-z0-9]", "", theirs) == re.sub(r"[^a-z0-9]", "", names[cpu].lower())


def _shown(parts: Mapping[int, Part], names: Mapping[int, str]) -> str:
    cpus: dict[str, list[int]] = {}
    for cpu in sorted({*parts, *names}):
        implementer, part = parts.get(cpu, (0, 0))
        number = f" {implementer:#x}/{part:#x}" if cpu in parts else ""
        cpus.setdefault(f"{names.get(cpu, '?')}{number}", []).append(cpu)
    return (
        ", ".join(f"{len(members)}x {name} ({members[0]}-{members[-1]})" for name, members in cpus.items()) or "nothing"
    )


def _outcome(device: str, texts: Mapping[str, str]) -> Outcome | None:
    files = recorded_files(texts[f"{device}.h"])
    if not files or f"{device}.cc" not in texts:
        return None
    cpuinfo = files.get("proc/cpuinfo", b"").decode("utf-8", "replace")
    return compare(device, expectations(texts[f"{device}.cc"]), capture_recording(files), cpuinfo)


def main() -> int:
    """Print the devices on which we differ, and a summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, help="of pytorch/cpuinfo: a work tree or a git directory")
    parser.add_argument("--all", action="store_true", help="show the devices that agree too")
    arguments = parser.parse_args()
    texts = read_checkout(arguments.checkout)
    outcomes = [outcome for name in texts if name.endswith(".h") and (outcome := _outcome(name[:-2], texts))]
    for outcome in outcomes:
        if arguments.all or outcome.verdict != SAME:
            print(f"{outcome.device}: {outcome.verdict}\n  cpuinfo: {outcome.expected}\n  here:    {outcome.found}")
    print(f"{len(outcomes)} devices")
    for verdict, count in collections.Counter(outcome.verdict for outcome in outcomes).most_common():
        print(f"{count:4} {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
