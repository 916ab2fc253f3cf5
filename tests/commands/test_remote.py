"""The command line of `remote`, as far as it needs no board."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.commands import remote, run
from profiler.commands.options import measure_options
from profiler.commands.remote import _for_run


@click.command()
@measure_options
def measuring(**chosen: Any) -> None:
    """The options that `run` and `remote` share."""


GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "--runtime": st.lists(st.sampled_from(["numpy", "onnxruntime"]), min_size=1, max_size=2),
        "--form": st.lists(st.sampled_from(["controlled", "idiomatic"]), min_size=1, max_size=2),
        "--margin": st.sampled_from(["3%", "2.9%", "0.05", "12.345678%", "50%"]),
        "--confidence": st.sampled_from(["95%", "0.99", "99.99%", "97.531%"]),
        "--budget": st.sampled_from(["90s", "5m", "1h", "7.125"]),
        "--threads": st.sampled_from(["1", "4,1,2", "all"]),
        "--cpu": st.lists(st.sampled_from(["0", "3"]), min_size=1, max_size=2),
        "--seed": st.sampled_from(["0", str(2**63 - 1)]),
        "--looks": st.sampled_from(["8", "8,16,64"]),
        "--weights": st.sampled_from(["warm", "cold", "both"]),
        "--sets": st.sampled_from(["auto", "3"]),
        "--slower": st.sampled_from(["5%", "17"]),
        "--forked": st.none(),
        "--no-measure": st.none(),
    },
)


@given(GIVEN)
def test_options_come_to_the_board_as_they_were_given(given_options: dict[str, Any]) -> None:
    words: list[str] = []
    for name, value in given_options.items():
        for one in value if isinstance(value, list) else [value]:
            words += [name] if one is None else [name, one]
    context = measuring.make_context("x", list(words))
    sent = _for_run(context, **context.params)
    there = measuring.make_context("x", list(sent)).params
    assert there.keys() == context.params.keys()
    for name, value in context.params.items():
        assert there[name] == (pytest.approx(value, abs=1e-12) if isinstance(value, float) else value)
    again = measuring.make_context("x", list(sent))
    assert _for_run(again, **again.params) == sent  # one spelling, so that a run is found again


def test_remote_takes_every_option_that_run_takes() -> None:
    def names(command: click.Command) -> set[str]:
        return {parameter.opts[0] for parameter in command.params if isinstance(parameter, click.Option)}

    assert names(run.command) - names(remote.command) == {"--resume"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-oProxyCommand=touch x", "bundle"], "name a BUNDLE to measure"),
        (["board"], "name a BUNDLE to measure"),
        (["board", "--clean", "--stop"], "name a BUNDLE to measure"),
        (["board", "bundle"], "name the folder for the session with -o"),
        (["-o", "out", "--", "-oProxyCommand=x", "bundle"], "is no host"),
        (["board", "nothing", "-o", "out"], "there is no bundle nothing"),
        (["board", "bundle", "-o", "out", "--runtime", "none"], "none"),
        (["board", "bundle", "-o", "out", "--looks", "8", "--passes", "4"], "leave --passes out"),
        (["board", "bundle", "-o", "out", "--remote-dir", "a\nb"], "paths on the board"),
        (["board", "bundle", "-o", "file"], "file is a file; name a folder"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_board_is_asked(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert words in refused("remote", *arguments)


def test_without_its_extra_it_says_what_to_install(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.startswith("profiler.measure.remote.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    line = refused("remote", "board", tmp_path, "-o", tmp_path / "out")
    assert line.endswith('needs asyncssh, which is not installed: pip install "layout-profiler[remote]"')


def test_neither_a_board_nor_help_imports_ssh() -> None:
    code = "import sys, profiler.measure.remote.onboard.__main__, profiler.commands.remote; print(sorted(sys.modules))"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "asyncssh" not in modules
    assert "'numpy'" not in modules
