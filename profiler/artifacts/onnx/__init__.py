"""The file format ONNX: writes its files, proves what they store, computes what they say."""
