"""The JavaScript that draws charts in a page: Vega, Vega-Lite and Vega-Embed in one text, without a network."""

import functools
import re

from profiler.errors import MissingPackageError

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
NEEDED_FOR = "the HTML report"


@functools.cache
def javascript() -> str:
    """The libraries, of the version that altair writes for. Takes seconds the first time in a process.

    Raises:
        MissingPackageError: vl-convert or altair is not installed. 32-bit boards have no vl-convert.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingPackageError("vl-convert-python", extra="report", needed_for=NEEDED_FOR) from error
    bundle: str = vl_convert.javascript_bundle(_SNIPPET, vl_version=vegalite_version())
    # the same in a string, and no end of the element that holds it
    return re.sub(r"</(script)", r"<\\/\1", bundle, flags=re.IGNORECASE)


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
