"""The file format TorchScript."""
