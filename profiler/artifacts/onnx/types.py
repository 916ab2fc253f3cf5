"""What ONNX calls the number formats: `TensorProto.DataType` in `onnx/onnx.proto3`."""

from profiler.models.number_format import EXPORTED, NumberFormat

TENSOR_TYPES = {
    NumberFormat.FLOAT32: 1,
    NumberFormat.UINT8: 2,
    NumberFormat.INT8: 3,
    NumberFormat.FLOAT16: 10,
    NumberFormat.FLOAT64: 11,
    NumberFormat.BFLOAT16: 16,
    NumberFormat.INT4: 22,
}
READABLE = {TENSOR_TYPES[dtype]: dtype for dtype in EXPORTED}
