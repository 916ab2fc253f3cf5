"""The file format of plain arrays, `.npz`: writes its files, proves what they store, computes what they say."""
