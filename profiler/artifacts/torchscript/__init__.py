"""The file format TorchScript: writes its files, proves what they store, computes what they say."""
