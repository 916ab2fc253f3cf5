"""A run as a file: its records, and the append-only JSON lines that hold them."""
