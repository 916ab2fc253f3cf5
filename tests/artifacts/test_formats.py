"""The table of file formats: every room has the parts that its protocol names, and the light ones are light."""

import importlib
import subprocess
import sys

import pytest

from profiler.artifacts.arrays import evaluate as arrays_evaluate
from profiler.artifacts.arrays import prove as arrays_prove
from profiler.artifacts.arrays import write as arrays_write
from profiler.artifacts.formats import FORMATS, file_format
from profiler.artifacts.onnx import evaluate as onnx_evaluate
from profiler.artifacts.onnx import identity as onnx_identity
from profiler.artifacts.onnx import prove as onnx_prove
from profiler.artifacts.onnx import write as onnx_write
from profiler.artifacts.protocol import Evaluator, IdentityWriter, Prover, Writer
from profiler.artifacts.torchscript import evaluate as torchscript_evaluate
from profiler.artifacts.torchscript import identity as torchscript_identity
from profiler.artifacts.torchscript import prove as torchscript_prove
from profiler.artifacts.torchscript import write as torchscript_write
from profiler.base.errors import MissingPackageError, OptionError

# Their types are the test: mypy holds each module against its protocol
WRITERS: tuple[Writer, ...] = (onnx_write, torchscript_write, arrays_write)
IDENTITY_WRITERS: tuple[IdentityWriter, ...] = (onnx_identity, torchscript_identity)
PROVERS: tuple[Prover, ...] = (onnx_prove, torchscript_prove, arrays_prove)
EVALUATORS: tuple[Evaluator, ...] = (onnx_evaluate, torchscript_evaluate, arrays_evaluate)
LIGHT = """
import sys
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.artifacts.formats import FORMATS, file_format
print([name for name in ("numpy", "onnx", "torch", "importlib.metadata") if name in sys.modules])
from profiler.artifacts.proof import prove
bundle = open_bundle(BUNDLE)
for artifact in bundle.manifest.artifacts:
    if artifact.format != "torchscript":
        prove(bundle.path_of(artifact), artifact.format)
print([name for name in ("onnx", "torch", "importlib.metadata") if name in sys.modules])
"""


def test_every_line_of_the_table_leads_to_its_room() -> None:
    assert tuple(item.writer() for item in FORMATS) == WRITERS
    assert tuple(item.prover() for item in FORMATS) == PROVERS
    assert tuple(item.evaluator() for item in FORMATS) == EVALUATORS
    assert tuple(item.identity_writer() for item in FORMATS if item.needs_identity_file) == IDENTITY_WRITERS
    assert all(item.prover().IDENTITY_OPERATORS for item in FORMATS if item.needs_identity_file)


def test_the_table_imports_no_room_and_proving_neither_onnx_nor_torch() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(OptionError, match=r"no file format is called 'tflite'; there are onnx, torchscript, arrays$"):
        file_format("tflite")


def test_a_missing_package_is_told_with_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in {"onnx", "torch"} else find(name))
    file_format("arrays").require_to_write()
    with pytest.raises(MissingPackageError, match=r"export needs torch.*pip install \"layout-profiler\[torch\]\""):
        file_format("onnx").writer()
    with pytest.raises(MissingPackageError, match="reading TorchScript files needs torch"):
        file_format("torchscript").prover()
    file_format("onnx").prover()
