#!/usr/bin/env python3
"""Writes the published JSON Schemas anew, after the records have changed.

Usage: .venv/bin/python scripts/write_schemas.py
"""

from pathlib import Path

from profiler.schemas import PUBLISHED, format_schema

FOLDER = Path(__file__).resolve().parents[1] / "profiler" / "schemas"


def main() -> None:
    """Write one file per schema."""
    for name in PUBLISHED:
        path = FOLDER / f"{name}.schema.json"
        path.write_text(format_schema(name))
        print(path)


if __name__ == "__main__":
    main()
