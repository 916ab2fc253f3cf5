"""Text of strangers, made fit for a line: harmless, no longer than there is room, and as wide as a screen shows it."""

import unicodedata

NAME_COLUMNS = 60  # what a name takes within a sentence, at most
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def plain(text: object) -> str:
    """Text from a file as one harmless line: no control characters, no terminal escapes, no direction marks."""
    line = str(text)
    if line.isprintable():  # nearly all are, and looking at each character of a long one takes long
        return line
    return "".join(
        character
        if character.isprintable()
        else " "
        if character in "\n\t" or unicodedata.category(character)[0] == "Z"
        else "\N{REPLACEMENT CHARACTER}"
        for character in line
    )


def columns(text: str) -> int:
    """How many columns of a screen a line takes: those of East Asia are twice as wide, and accents take none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def shorten(text: str, width: int) -> str:
    """The line, or its beginning, an ellipsis and its end: what tells nodes of a graph apart stands at either."""
    if columns(text) <= width:
        return text
    if width < 1:
        return ""
    end = _beginning(text[::-1], width // 2)[::-1]
    return f"{_beginning(text, width - 1 - columns(end))}{_ELLIPSIS}{end}"


def short_name(name: str) -> str:
    """A name as it stands within a sentence."""
    return shorten(name, NAME_COLUMNS)


def pad(text: str, width: int) -> str:
    """The line, followed by spaces up to that many columns."""
    return text + " " * (width - columns(text))


def _beginning(text: str, width: int) -> str:
    at = room = 0
    for at, character in enumerate(text):
        room += _width(character)
        if room > width:
            return text[:at]
    return text[: at + 1]


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
