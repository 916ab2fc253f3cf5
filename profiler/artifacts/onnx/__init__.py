"""The file format ONNX."""
