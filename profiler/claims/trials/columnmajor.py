"""Follows the strides of a column-major weight through everything that copies, saves or exports a module."""

import copy
import io
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from profiler.artifacts.onnx.prove import prove as prove_onnx
from profiler.artifacts.torchscript.prove import prove as prove_torchscript
from profiler.claims.columnmajor import Survival, Trick
from profiler.models.layout import WeightLayout

IN, OUT = 10, 2
Strides = tuple[int, ...]


def column_major() -> nn.Linear:
    """A Linear after `lin.weight = Parameter(wt.T)`, as the text writes it."""
    linear = nn.Linear(IN, OUT, bias=False)
    linear.weight = nn.Parameter(torch.randn(IN, OUT, generator=torch.Generator().manual_seed(1)).T)
    return linear


def follow_strides(*, folder: str) -> Trick:
    """The weight's shape and strides, whether the layer computes the same, and what the strides survive."""
    linear = column_major()
    x = torch.randn(5, IN, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        right = x @ linear.weight.clone(memory_format=torch.contiguous_format).T
        is_right = torch.allclose(linear(x), right, atol=1e-6)
    shape, strides = tuple(linear.weight.shape), linear.weight.stride()
    ways: dict[str, Callable[[nn.Linear], Strides]] = {
        "deepcopy": lambda lin: copy.deepcopy(lin).weight.stride(),
        "state_dict": lambda lin: lin.state_dict()["weight"].stride(),
        "load_state_dict": lambda lin: _reloaded(lin, assign=False),
        "load_state_dict(assign=True)": lambda lin: _reloaded(lin, assign=True),
        "torch.save": _saved,
        "torch.jit.trace": lambda lin: _traced(lin).weight.stride(),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survivals = [Survival(after=name, is_kept=way(linear) == strides) for name, way in ways.items()]
        survivals.append(Survival(after="frozen TorchScript file", is_kept=_frozen(linear, Path(folder))))
        survivals.append(Survival(after="ONNX export", is_kept=_exported(linear, Path(folder))))
    return Trick(shape=shape, strides=strides, is_right=is_right, survivals=tuple(survivals))


def _reloaded(linear: nn.Linear, *, assign: bool) -> Strides:
    fresh = nn.Linear(IN, OUT, bias=False)
    fresh.load_state_dict(linear.state_dict(), assign=assign)
    return fresh.weight.stride()


def _saved(linear: nn.Linear) -> Strides:
    file = io.BytesIO()
    torch.save(linear.state_dict(), file)
    file.seek(0)
    strides: Strides = torch.load(file, weights_only=True)["weight"].stride()
    return strides


def _traced(linear: nn.Linear) -> torch.jit.ScriptModule:
    module: torch.jit.ScriptModule = torch.jit.trace(linear.eval(), torch.zeros(2, IN))
    return module


def _frozen(linear: nn.Linear, folder: Path) -> bool:
    path = folder / "column-major.pt"
    with torch.no_grad():
        torch.jit.save(torch.jit.freeze(_traced(linear)), path)
    return prove_torchscript(path).is_stored_as(WeightLayout.IN_OUT)


def _exported(linear: nn.Linear, folder: Path) -> bool:
    """Whether an ONNX file, which knows no strides, stores the bytes of `[in, out]`: the layout is kept then."""
    path = folder / "column-major.onnx"
    program = torch.onnx.export(linear, (torch.zeros(2, IN),), dynamo=True, verbose=False)
    assert program is not None
    path.write_bytes(program.model_proto.SerializeToString())
    return prove_onnx(path).is_stored_as(WeightLayout.IN_OUT)
