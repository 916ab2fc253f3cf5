"""Each script that prints figures says when and where they were last printed, or that nobody knows."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "scripts/evidence"
SCRIPTS = sorted([*FOLDER.glob("*.py"), *FOLDER.glob("*/__main__.py")])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_evidence_ends_its_docstring_with_its_last_print(path: Path) -> None:
    said = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[-1]
    assert re.match(r"Last printed 2\d{3}-\d\d-\d\d\b|Last printed: no print of it was kept\b", said)


def test_there_is_evidence() -> None:
    assert len(SCRIPTS) == 13
