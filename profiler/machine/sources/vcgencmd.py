"""`vcgencmd`, the tool that asks a Raspberry Pi's firmware: throttling, the true clock, the temperature.

It needs the group `video` and is not in containers; some other boards ship a fake, so the board is looked at first.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence

from profiler.machine.sources.source import parse_int

QUESTIONS = ("get_throttled", "measure_clock arm", "measure_temp", "version")
LIMIT_S = 1.0  # for all questions together
_MAX_TEXT = 400


def ask(compatible: Sequence[str], questions: Sequence[str] = QUESTIONS) -> dict[str, str]:
    """The firmware's answers by question; empty on other boards, and where it does not answer."""
    tool = shutil.which("vcgencmd")
    if tool is None or not any(name.startswith("raspberrypi,") for name in compatible):
        return {}
    answers = {}
    end_s = time.monotonic() + LIMIT_S
    for question in questions:
        left_s = max(0.05, end_s - time.monotonic())
        try:
            done = subprocess.run([tool, *question.split()], capture_output=True, timeout=left_s, check=True)
        except (OSError, subprocess.SubprocessError):
            break
        answers[question] = done.stdout.decode("utf-8", "replace")[:_MAX_TEXT].strip()
    return answers


def throttled_in(answers: Mapping[str, str]) -> int | None:
    """The bits of `throttled=0x50005`."""
    match = re.fullmatch(r"throttled=0x([0-9a-fA-F]{1,8})", answers.get("get_throttled", ""))
    return int(match[1], 16) if match else None


def clock_hz_in(answers: Mapping[str, str]) -> int | None:
    """The true clock of `frequency(48)=1500345728`, which cpufreq does not tell while the firmware throttles."""
    match = re.fullmatch(r"frequency\([0-9]+\)=([0-9]{1,12})", answers.get("measure_clock arm", ""))
    return parse_int(match[1]) or None if match else None


def temperature_celsius_in(answers: Mapping[str, str]) -> float | None:
    """The degrees of `temp=48.2'C`."""
    match = re.fullmatch(r"temp=([0-9]{1,3}(?:\.[0-9]+)?)'C", answers.get("measure_temp", ""))
    return float(match[1]) if match else None


def firmware_in(answers: Mapping[str, str]) -> str | None:
    """The firmware's date, the first line of `version`."""
    lines = answers.get("version", "").splitlines()
    return lines[0].strip() or None if lines else None
