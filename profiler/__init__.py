"""Profiles Linear layers stored in either weight layout and says whether transposed storage pays off.

The data flows one way, `export -> hardware -> run -> analyze -> report`, through two files: a bundle and a session.
"""

__version__ = "0.1.0"
