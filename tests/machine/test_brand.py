import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from profiler.machine.records import Fact
from profiler.machine.sources import brand
from profiler.machine.sources.brand import SOURCE, capture_brand

Child = Callable[[str], None]
NOTHING = (Fact[str](value=None, source=SOURCE), Fact[tuple[str, ...]](value=None, source=SOURCE))


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Puts a shell script in the place of the Python that runs py-cpuinfo."""

    def install(script: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(path))

    return install


def test_brand_and_flags_are_taken_and_nothing_else(child: Child) -> None:
    child(
        """echo '{"brand_raw": "Apple M1", "flags": ["neon", "fp16"], "l2_cache_size": 98304, "hz_actual": [1, 0]}'"""
    )
    assert capture_brand() == (
        Fact(value="Apple M1", source=SOURCE),
        Fact(value=("neon", "fp16"), source=SOURCE),
    )


@pytest.mark.parametrize(
    "script",
    [
        "exit 1", "echo '{\"brand_raw\": \"x\"}'; exit 1", "kill -9 $$", "true", "echo '{'", "echo '[]'", "echo null",
        "echo 7", r"printf '\377\376'", "echo '{\"brand_raw\": 7, \"flags\": \"neon\"}'", "echo '{}'",
    ],
)  # fmt: skip
def test_a_child_that_fails_or_tells_garbage_leaves_both_unknown(child: Child, script: str) -> None:
    child(script)
    assert capture_brand() == NOTHING


def test_a_child_that_hangs_is_given_up(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brand, "LIMIT_S", 0.3)
    child("sleep 6")
    start = time.monotonic()
    assert capture_brand() == NOTHING
    assert time.monotonic() - start < 4


@pytest.mark.parametrize("executable", ["/missing/python", ""])
def test_a_python_that_is_not_there_leaves_both_unknown(monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert capture_brand() == NOTHING


def test_flags_that_are_no_texts_become_texts(child: Child) -> None:
    child("""echo '{"flags": ["neon", 7, null]}'""")
    assert capture_brand()[1].value == ("neon", "7", "None")


@pytest.mark.slow
def test_this_machine_has_a_brand_or_none() -> None:
    name, flags = capture_brand()
    assert name.value is None or name.value.strip()
    assert name.source == flags.source == SOURCE
