import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from profiler.machine.capture import capture_hardware
from profiler.report.document import make_report
from profiler.report.json import render_json
from profiler.schemas import PUBLISHED, format_schema
from tests.sessions import make_case, make_session

FOLDER = Path(__file__).parents[1] / "profiler" / "schemas"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_schemas_are_those_of_the_records(name: str) -> None:
    """After a change that is meant: scripts/write_schemas.py."""
    assert (FOLDER / f"{name}.schema.json").read_text() == format_schema(name)


def check(name: str, document: object) -> None:
    schema = json.loads(format_schema(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)


def test_what_is_written_fits_its_schema(exported: Path) -> None:
    check("manifest", json.loads((exported / "manifest.json").read_text()))
    check("hardware", json.loads(msgspec.json.encode(capture_hardware())))
    session = make_session({make_case(): 1.1})
    for record in (session.header, *session.blocks, session.end):
        check("session-line", json.loads(msgspec.json.encode(record)))
    check("report", json.loads(render_json(make_report((session,)))))


def test_a_wrong_document_does_not_fit() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("session-line", {"kind": "block", "calls": "many"})
