#!/usr/bin/env python3
"""Writes the JavaScript of the report page anew: Vega, Vega-Lite and Vega-Embed, bundled by vl-convert.

Usage: .venv/bin/python scripts/write_vega.py

Bundling takes seconds and vl-convert has no wheels for 32-bit boards, so that the file comes with the package. Run this
after altair or vl-convert have changed in constraints.txt.
"""

import importlib.metadata
import re
from pathlib import Path

import vl_convert

from profiler.report.page.library import FILE, SNIPPET, vegalite_version

PATH = Path(__file__).resolve().parents[1] / "profiler" / "report" / "templates" / FILE


def main() -> None:
    """Write the file."""
    PATH.write_text(bundle(), encoding="utf-8")
    print(f"{PATH}: {PATH.stat().st_size:,} bytes")


def bundle() -> str:
    """The libraries, of the version of Vega-Lite that altair writes for, with their licences' notice."""
    version = vegalite_version()
    text = vl_convert.javascript_bundle(SNIPPET, vl_version=version)
    vega, embed = vl_convert.get_vega_version(), vl_convert.get_vega_embed_version()
    notice = (
        f"/* Vega {vega}, Vega-Lite {version}, Vega-Embed {embed}: (c) University of Washington Interactive Data Lab, "
        "BSD 3-Clause licence, https://vega.github.io; with what they contain, bundled by vl-convert "
        f"{importlib.metadata.version('vl-convert-python')} */\n"
    )
    # The same in a string, and no end of the element that is to hold it
    return notice + re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE)


if __name__ == "__main__":
    main()
