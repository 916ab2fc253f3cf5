"""The JSON Schemas of every file this program writes, generated from the records and published with the package."""

import inspect
import json

import msgspec

from profiler.artifacts.records import Manifest
from profiler.judge.change_records import Changes
from profiler.machine.records import HardwareInfo
from profiler.measure.counting.evidence import Explanation
from profiler.report.appendix_records import ClaimTable
from profiler.report.document import Report
from profiler.session.records import SessionRecord

PUBLISHED = {
    "manifest": Manifest,
    "session-line": SessionRecord,
    "hardware": HardwareInfo,
    "report": Report,
    "explanation": Explanation,
    "changes": Changes,
    "claims": ClaimTable,
}


def format_schema(name: str) -> str:
    """The JSON Schema (draft 2020-12) of one kind of file; `session-line` is that of one line of a session."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(PUBLISHED[name])}
    for definition in schema.get("$defs", {}).values():
        if "description" in definition:  # a docstring: Python 3.13 strips its indentation, older ones keep it
            definition["description"] = inspect.cleandoc(definition["description"])
    return json.dumps(schema, indent=1) + "\n"
