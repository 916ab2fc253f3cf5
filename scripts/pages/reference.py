"""Writes those pages of the documentation that the program itself knows best; MkDocs calls it as a hook.

The commands with their options; a page for each room of the package, with its modules; the schemas of all files; the
guide for contributors, which lies where people look for it; and the pictures of the sample report. What is written
exists in the built pages alone.
"""

import ast
import html
import inspect
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

import profiler
from profiler.commands import COMMANDS, cli
from profiler.schemas import PUBLISHED, format_schema

ROOMS = (
    "base", "models", "machine", "artifacts", "session", "runtimes", "judge", "measure", "report", "claims", "commands",
)  # fmt: skip
CHECKOUT = Path(__file__).parents[2]
PACKAGE = Path(profiler.__file__).parent
IMAGES = CHECKOUT / ".github" / "images"
_OUTSIDE = {r"\((?:\.\./)+\.github/images/": "images/", r"\((?:\.\./)+CONTRIBUTING\.md": "contributing.md"}
_DOCUMENT = re.compile(r"\]\(docs/")
# What a browser fetches by itself; a link is followed by hand. The theme draws `mermaid` with a script of another host.
_FETCHED = {
    ".html": re.compile(
        r"<link[^>]*\shref=[\"']?(?:https?:)?//[^>]*|<(?!a\s)[^>]*\s(?:src|srcset|data|poster)=[\"']?(?:https?:)?//[^>]*"
        r"|class=[\"']mermaid"
    ),
    ".css": re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)]*"),
    ".svg": re.compile(r"<image[^>]*href=[\"']?(?:https?:)?//[^>]*"),
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to those found in docs/."""
    pages = {f"reference/python/{room}.md": room_page(room) for room in ROOMS}
    pages["reference/python/index.md"] = rooms_page()
    pages["reference/commands.md"] = commands_page()
    pages["reference/schemas.md"] = schemas_page()
    pages["contributing.md"] = _DOCUMENT.sub("](", (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    for image in IMAGES.iterdir():
        files.append(File.generated(config, f"images/{image.name}", abs_src_path=str(image)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Point at what lies outside of docs/ where the built pages have it."""
    up = "../" * page.file.src_uri.count("/")
    for pattern, place in _OUTSIDE.items():
        markdown = re.sub(pattern, f"({up}{place}", markdown)
    return markdown


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse pages that a browser would fetch something for from elsewhere.

    Raises:
        PluginError: there is one.
    """
    for page in sorted(Path(config.site_dir).rglob("*")):
        pattern = _FETCHED.get(page.suffix)
        found = pattern and pattern.search(page.read_text(encoding="utf-8"))
        if found:
            raise PluginError(f"{page.relative_to(config.site_dir)} fetches from elsewhere: {found[0][:200]}")


def commands_page() -> str:
    """All commands, as their `--help` tells of them."""
    intro = [
        "Results go to standard output or the named file, progress and warnings to standard error.",
        "| exit status | means |\n|--:|---|\n| 0 | done |",
        "| 1 | a failure was measured and is in the report, or what `--fail-on` names was found |",
        "| 2 | bad usage or bad input: one line says what, where and what to do |\n| 128 + n | ended by signal n |",
    ]
    group = click.Context(cli, info_name="layout-profiler", **cli.context_settings)
    known = [(name, cli.get_command(group, name)) for name in COMMANDS]
    texts = [command_text(name, command, group) for name, command in known if command is not None]
    return "\n\n".join(["# Commands", intro[0], "\n".join(intro[1:]), *texts, ""])


def command_text(name: str, command: click.Command, group: click.Context) -> str:
    """One command: what it does, how it is called, its options."""
    context = click.Context(command, parent=group, info_name=name)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = filter(None, (parameter.get_help_record(context) for parameter in command.get_params(context)))
    rows = [f"| `{option}` | {html.escape(text).replace('|', '&#124;')} |" for option, text in records if text]
    about = inspect.cleandoc(command.help or "")
    lines = [f"## {name}", "", f"```text\n{usage}\n```", "", about, "", "| option | means |", "|---|---|", *rows]
    return "\n".join(lines)


def modules_of(room: str) -> list[str]:
    """The names of a room's modules, the room's own first."""
    folder = PACKAGE / room
    below = (found.name for found in pkgutil.walk_packages([str(folder)], f"profiler.{room}."))
    return [f"profiler.{room}", *sorted(below)]


def docstring_of(module: str) -> str:
    """The docstring of a module, which is not imported: some need packages that are not here."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""


def rooms_page() -> str:
    """The rooms of the package, from low to high."""
    lines = [
        "# Python modules",
        "",
        "The rooms, from low to high: each imports what stands above it and nothing below.",
        "",
    ]
    for room in ROOMS:
        first, _, _ = docstring_of(f"profiler.{room}").partition("\n\n")
        lines.append(f"- [`profiler.{room}`]({room}.md): {' '.join(first.split())}")
    return "\n".join([*lines, ""])


def room_page(room: str) -> str:
    """All modules of a room."""
    return "\n\n".join([f"# profiler.{room}", *(f"::: {module}" for module in modules_of(room)), ""])


def schemas_page() -> str:
    """All published schemas, field by field."""
    intro = (
        "Every file that the program writes has a JSON Schema (draft 2020-12), made from the records that it is "
        "written from and shipped in `profiler/schemas/`. [Files](files.md) says what each file is."
    )
    return "\n".join(["# Schemas", "", intro, "", *(line for name in PUBLISHED for line in schema_lines(name))])


def schema_lines(name: str) -> list[str]:
    """One schema: its records, and the schema itself to unfold."""
    text = format_schema(name)
    lines = [f"## {name}", "", f"`profiler/schemas/{name}.schema.json`", ""]
    for title, record in json.loads(text)["$defs"].items():
        if "properties" in record:
            lines += record_lines(title, record)
    code = "\n".join(f"    {line}" for line in text.splitlines())
    return [*lines, '??? abstract "The schema itself"', "", "    ```json", code, "    ```", ""]


def record_lines(title: str, record: dict[str, Any]) -> list[str]:
    """One record of a schema as a table of its fields."""
    required = record.get("required", ())
    rows = [
        f"| `{field}` | {type_words(schema)} | {'yes' if field in required else 'no'} |"
        for field, schema in record["properties"].items()
    ]
    first, _, _ = record.get("description", "").partition("\n\n")
    return [f"**{title}**: {' '.join(first.split())}", "", "| field | type | required |", "|---|---|---|", *rows, ""]


def type_words(schema: dict[str, Any]) -> str:
    """The type of a field in words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(type_words(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"array of {type_words(items)}" if isinstance(items, dict) else "array"
    return str(schema.get("type", "any"))
