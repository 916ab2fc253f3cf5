"""The JavaScript that draws charts in a page: Vega, Vega-Lite and Vega-Embed in one text, without a network.

It lies beside the templates, written by `scripts/write_vega.py`: bundling it takes seconds, and boards of 32 bits have
no vl-convert to do it with.
"""

import functools
import importlib.resources

from profiler.base.errors import MissingPackageError

FILE = "vega.js"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
NEEDED_FOR = "the HTML report"


@functools.cache
def javascript() -> str:
    """The libraries, safe to stand in a script element."""
    return importlib.resources.files("profiler.report").joinpath("templates", FILE).read_text(encoding="utf-8")


def vegalite_version() -> str:
    """The version of Vega-Lite that the charts are written for: `6.4`.

    Raises:
        MissingPackageError: altair is not installed.
    """
    try:
        from altair import SCHEMA_VERSION
    except ImportError as error:
        raise MissingPackageError("altair", extra="report", needed_for=NEEDED_FOR) from error
    return ".".join(SCHEMA_VERSION.lstrip("v").split(".")[:2])
