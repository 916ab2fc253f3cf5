"""The documents: short enough, their links lead somewhere, and what they name is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from profiler import __version__
from profiler.commands import cli
from profiler.models.suite import builtin_suites
from profiler.runtimes import RUNTIMES
from profiler.schemas import PUBLISHED

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))
README_BYTES = 12_000
# Made while the pages are built, from the commands, the schemas and the package.
BUILT = {
    DOCS / "reference/commands.md",
    DOCS / "reference/schemas.md",
    *(DOCS / "reference/python" / f"{room.stem}.md" for room in ROOT.glob("profiler/*")),
}
FENCE = re.compile(r"^ *```(\w*).*?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)$", re.MULTILINE)
NAMED = re.compile(r"(?<![\w./~-])(?:scripts|profiler|models|tests|docs|\.ci|\.github)/[\w./-]*[\w/]")
MODULE = re.compile(r"(?<![\w/.-])((?:scripts|profiler)(?:\.[a-z_]+)+)(?![\w/.])")
CHAIN = {"&&", "||", "|", ";", ">", "<", ">>"}


def texts_of(document: Path) -> Iterator[str]:
    """Command lines and names: what a document shows as typed."""
    text = document.read_text()
    for language, block in FENCE.findall(text):
        if language == "sh":
            yield from block.replace("\\\n", " ").splitlines()
        elif language == "text":
            yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))
    yield from INLINE.findall(FENCE.sub("", text))


def command_lines(document: Path) -> Iterator[list[str]]:
    """The words after `layout-profiler` of every command line that a document shows."""
    for line in texts_of(document):
        if "layout-profiler " not in line or "pip install" in line:
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        if words[0].rpartition("/")[2] != "layout-profiler":
            continue
        end = next((at for at, word in enumerate(words) if word in CHAIN), len(words))
        yield words[1:end]


def anchors_of(document: Path) -> set[str]:
    """What a link can point at in a document: its headings, as GitHub and MkDocs write them."""
    if document in BUILT:
        return set(PUBLISHED)
    plain = (
        re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(FENCE.sub("", document.read_text()))
    )
    return {re.sub(r"\s", "-", heading.strip()) for heading in plain}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) < README_BYTES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text())
    for link in LINK.findall(INLINE.sub("", text)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target in BUILT or target.is_file(), f"{document.name} links to {link}"
        assert not anchor or anchor in anchors_of(target), f"{document.name} links to {link}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_line_is_one(document: Path) -> None:
    for words in command_lines(document):
        parse_command_line(words)


def test_a_command_line_with_an_unknown_option_or_command_is_found() -> None:
    for wrong in (["run", "b", "--no-such"], ["walk"], ["report", "s", "--format", "docx"], ["suites", "one"]):
        with pytest.raises((click.UsageError, AssertionError)):
            parse_command_line(wrong)


def parse_command_line(words: list[str]) -> None:
    """Read a command line as far as no file needs to exist for it."""
    group = click.Context(cli, info_name="layout-profiler")
    if words[0].startswith("-") or words == ["COMMAND", "--help"]:
        return
    command = cli.get_command(group, words[0])
    assert command is not None, f"there is no command {words[0]}"
    context = click.Context(command, parent=group, info_name=words[0])
    values, left, _ = command.make_parser(context).parse_args(words[1:])
    assert not left, f"{words} has {left} too many"
    for parameter in command.get_params(context):
        if isinstance(parameter.type, click.Choice) and parameter.name in values:
            parameter.type_cast_value(context, values[parameter.name])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_exists(document: Path) -> None:
    for text in texts_of(document):
        for named in NAMED.findall(text):
            assert "NAME" in named or (ROOT / named).exists(), f"{document.name} names {named}"
        for module in MODULE.findall(text):
            assert ROOT.joinpath(*module.split(".")).is_dir() or (ROOT / f"{module.replace('.', '/')}.py").is_file(), (
                f"{document.name} names {module}"
            )


def test_the_reference_is_complete() -> None:
    runtimes = (DOCS / "reference/runtimes.md").read_text()
    for info in RUNTIMES:
        family, _, variant = info.name.partition("-")
        assert f"`{info.name}`" in runtimes or (f"`{family}-" in runtimes and f"`-{variant}`" in runtimes), info.name
    suites = (DOCS / "reference/suites.md").read_text()
    for suite in builtin_suites():
        assert f"{suite.name} " in suites
        assert suite.description in suites
    files = (DOCS / "reference/files.md").read_text()
    for name in PUBLISHED:
        assert f"schemas.md#{name})" in files


def test_the_citation_is_of_this_version() -> None:
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_no_document_names_a_place_of_one_workshop() -> None:
    for document in (*DOCUMENTS, ROOT / "CITATION.cff", *ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")):
        assert not re.search(r"/work/|/root/|/home/(?!pi\b)", document.read_text()), document.name
