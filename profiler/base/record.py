"""What all records are, and the schema version of a document, read before the rest of it can be."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records: no unknown field on reading. Each repeats `frozen` and `kw_only`: neither is inherited."""


def schema_version_of(text: bytes) -> int | None:
    """The `schema_version` of a JSON object, None if it has none that is a whole number."""

    class Versioned(msgspec.Struct):
        schema_version: int

    try:
        return msgspec.json.decode(text, type=Versioned).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def version_problem(text: bytes, newest: int, *, oldest: int = 1, remedy: str = "measure again") -> str | None:
    """What is wrong with the schema version of a JSON object, None if nothing is or it has none."""
    version = schema_version_of(text)
    if version is None or oldest <= version <= newest:
        return None
    if version < 1:
        return f"has schema version {version}, which never was"
    if version < oldest:
        return f"has schema version {version}, which this program reads no more (from {oldest} on); {remedy}"
    return (
        f"has schema version {version}, this program reads up to {newest}; "
        "update it with: pip install --upgrade layout-profiler"
    )
