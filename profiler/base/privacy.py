"""Words that may be stored and shown: without paths, which hold names of users."""

import re
from pathlib import Path

_QUOTED = re.compile(r"""(?P<quote>['"`])(?P<path>(?:/|[A-Za-z]:[\\/]|\\\\).*?)(?P=quote)""")
_BARE = re.compile(
    r"""(?:(?<![\w.~])(?:[A-Za-z]:[\\/]|\\\\|/)|(?<=-[A-Z])/|/(?=(?:home|Users)/))[^\s'"`()<>\[\]{},;]+"""
)
_HOMES = re.compile(r"[\\/](?:home|users)[\\/][^\\/]+[\\/]*$", re.IGNORECASE)


def hide_paths(text: str) -> str:
    """The text with `.../name` in place of each absolute path, and `.../~` in place of a home folder."""
    home = _home()
    if home:
        text = re.sub(rf"{re.escape(home)}(?![\w.-])", "/~", text)
    text = _QUOTED.sub(lambda match: match["quote"] + _short(match["path"]) + match["quote"], text)
    return _BARE.sub(lambda match: _short(match[0]), text)


def _short(path: str) -> str:
    if _HOMES.search(path):
        return ".../~"
    return ".../" + re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def _home() -> str | None:
    try:
        home = str(Path.home())
    except RuntimeError:  # no home
        return None
    return home if len(Path(home).parts) > 1 else None
