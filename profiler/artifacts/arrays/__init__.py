"""The file format of plain arrays, `.npz`."""
