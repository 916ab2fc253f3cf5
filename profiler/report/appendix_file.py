"""The table of claims as a file: how `report` gets at what `claims -o FILE.json` wrote."""

from pathlib import Path

import msgspec

from profiler.base.errors import InputError
from profiler.base.files import read_input
from profiler.base.record import version_problem
from profiler.report.appendix_records import CLAIMS_SCHEMA, ClaimTable

MAX_CLAIMS_BYTES = 4_000_000


def load_claims(path: Path) -> ClaimTable:
    """A table of claims from its JSON file.

    Raises:
        InputError: it cannot be read, or is no such table, or is of a newer schema.
    """
    return parse_claims(read_input(path, MAX_CLAIMS_BYTES, what="table of claims"), source=str(path))


def parse_claims(text: bytes, *, source: str) -> ClaimTable:
    """A table of claims from its JSON text.

    Raises:
        InputError: no JSON, of a newer schema, an unknown field or a wrong type.
    """
    problem = version_problem(text, CLAIMS_SCHEMA)
    if problem:
        raise InputError(f"{source} {problem}")
    try:
        return msgspec.json.decode(text, type=ClaimTable)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"{source} is no table of claims ({error}); write one with: layout-profiler claims -o claims.json"
        ) from error
