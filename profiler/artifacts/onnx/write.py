"""ONNX: the controlled form node by node, the idiomatic one through torch's own exporter."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

from profiler.artifacts.onnx.builder import Builder
from profiler.artifacts.protocol import ExportSource
from profiler.artifacts.records import Form
from profiler.base.errors import ExportError
from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP
from profiler.models.number_format import NumberFormat
from profiler.models.weight import MATRIX_RANK, Layer
from profiler.models.workload import Workload

MAX_FILE_BYTES = 2**31 - 1  # protobuf's limit for one message


def write(source: ExportSource, path: Path) -> tuple[Path, ...]:
    """Write the model as one ONNX file.

    Raises:
        ExportError: torch's exporter failed, or it does not fit into a file.
    """
    input_rank = source.inputs.rank
    if input_rank is None:
        raise ExportError("an ONNX file declares the rank of its input")
    if source.form is Form.CONTROLLED:
        content = controlled_onnx(
            source.workload, source.layers, source.layout, input_rank=input_rank, dtype=source.dtype
        )
    else:
        network = source.network.with_layout(source.layout)
        content = idiomatic_onnx(network, input_rank=input_rank, dtype=source.dtype)
    path.write_bytes(content)
    return ()


def controlled_onnx(
    workload: Workload,
    layers: Sequence[Layer],
    layout: WeightLayout,
    *,
    input_rank: int,
    dtype: NumberFormat = NumberFormat.FLOAT32,
) -> bytes:
    """A model of `Gemm(transB=1)` over `[out, in]` weights, or of `Gemm(transB=0)` over `[in, out]` ones.

    `Gemm` takes matrices only. For any other input rank the leading dimensions are folded into one before the first
    and unfolded after the last, by the same operators in both layouts, so that the stored layout survives.
    """
    _refuse_oversize(workload, dtype)
    builder = Builder()
    value = "x" if input_rank == MATRIX_RANK else builder.fold_batch("x", workload.in_features)
    for index, (layer, activation) in enumerate(zip(layers, workload.activations, strict=True)):
        value = builder.gemm(value, layer.stored_as(layout), index=index)
        value = builder.activate(value, activation, index=index)
    if input_rank == MATRIX_RANK:
        builder.finish()
    else:
        builder.unfold_batch(value, "x", workload.out_features)
    return builder.model(workload, dtype=dtype, input_rank=input_rank)


def idiomatic_onnx(network: MLP, *, input_rank: int, dtype: NumberFormat = NumberFormat.FLOAT32) -> bytes:
    """What `torch.onnx.export(dynamo=True)` makes of the module as people write it.

    Raises:
        ExportError: torch's exporter failed.
    """
    workload = network.workload
    _refuse_oversize(workload, dtype)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which nothing here needs
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    sizes = (*range(2, 1 + input_rank), workload.in_features)  # sizes of 0 and 1 would be taken for constants
    x = torch.zeros(sizes, dtype=network.linears[0].weight.dtype)
    dynamic = dict.fromkeys(range(input_rank - 1), torch.export.Dim.DYNAMIC)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network, (x,), dynamo=True, dynamic_shapes=(dynamic,) if dynamic else None, verbose=False
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise ExportError(f"torch cannot export {workload.label} to ONNX: {str(error).splitlines()[0]}") from error
    if program is None:
        raise ExportError(f"torch's ONNX exporter returned nothing for {workload.label}")
    content: bytes = program.model_proto.SerializeToString()
    return content


def _refuse_oversize(workload: Workload, dtype: NumberFormat) -> None:
    needed = workload.weight_bytes(dtype)
    if needed >= MAX_FILE_BYTES - (1 << 20):
        raise ExportError(
            f"{workload.label} has {needed / 2**30:.1f} GiB of weights and an ONNX file holds at most 2 GiB; "
            "export it with --format arrays or --format torchscript"
        )
