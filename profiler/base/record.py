"""What all records are."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records: no unknown field on reading. Each repeats `frozen` and `kw_only`: neither is inherited."""
