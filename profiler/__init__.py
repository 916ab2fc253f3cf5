"""Profiles Linear layers stored in either weight layout and says whether transposed storage pays off.

The data flows one way, `export -> hardware -> run -> analyze -> report`, through two files: a bundle and a session.
"""

from pathlib import Path

__version__ = "0.1.0"

if Path(__file__).with_name("models").is_file():  # git without symbolic links writes one as the text it leads to
    raise SystemExit(
        "layout-profiler: profiler/models is to be a link to ../models and is a file of text in this checkout; "
        "allow links (git config core.symlinks true) and check out anew, or install a wheel"
    )
