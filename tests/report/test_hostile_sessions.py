"""Hand-edited sessions: any value anywhere replaced by something else is refused, or still a report."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.base.errors import SessionError
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.session.file import parse_session
from profiler.session.records import ConditionsRecord, Failure, Stage
from tests.sessions import make_case, make_session

SESSION = make_session({make_case(1): 1.0, make_case(8): 1.2}, passes=5)
FAILURE = Failure(
    runtime="numpy", case=None, stage=Stage.START, pass_index=None, signal=4, exit_status=None, message="SIGILL"
)
RECORDS = [
    SESSION.header,
    ConditionsRecord(pass_index=0, conditions=SESSION.header.hardware.conditions),
    *SESSION.blocks,
    FAILURE,
    SESSION.end,
]
LINES = [json.loads(msgspec.json.encode(record)) for record in RECORDS]
STRANGE = st.one_of(
    st.none(),
    st.integers(-2, 3),
    st.sampled_from([2**31, 2**62, -(2**62), 2**64, 10**400, 1e300, -1e300, 1e-300, 0.5, True]),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([[]]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, Any]] = []
    for key, inner in items:
        found.append((value, key))
        found.extend(places(inner))
    return found


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_any_strange_value_anywhere_is_refused_or_reported(data: st.DataObject) -> None:
    lines = json.loads(json.dumps(LINES))
    number = data.draw(st.sampled_from([0, 0, 0, 1, 2, len(lines) - 2, len(lines) - 1]))
    container, key = data.draw(st.sampled_from(places(lines[number])))
    container[key] = data.draw(STRANGE)
    text = b"\n".join(json.dumps(line).encode() for line in lines) + b"\n"
    try:
        session = parse_session(text, source="x")
    except SessionError:
        return
    report = make_report((session,))
    for output_format in Format:
        assert render(report, output_format)
