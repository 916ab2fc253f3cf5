"""Cores and caches as a picture: a column for each CPU, a box over those that share a cache, memory below all."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from profiler.base.record import Record
from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.machine.reports import machine_name
from profiler.report.case_data import shortened
from profiler.report.values import UNKNOWN, format_bytes

WIDTH = 720
MOST_COLUMNS = 16  # more CPUs than that are told in words, a box a level
_ROW, _GAP, _TEXT = 46, 6, 14
_LETTER = 0.58 * _TEXT  # about the width of a letter
_WORDS = {"data": "data", "instruction": "code", "unified": ""}
PAGE_COLOURS = {
    "core": "var(--core)", "cache": "var(--cache)", "memory": "var(--memory)", "line": "var(--line)",
    "ink": "var(--ink)", "soft": "var(--soft)",
}  # fmt: skip
PICTURE_COLOURS = {
    "back": "#ffffff", "core": "#d7ebe7", "cache": "#eef1f4", "memory": "#e6e0f0", "line": "#aab3bc", "ink": "#1c2024",
    "soft": "#56606a",
}  # fmt: skip


class Box(Record, frozen=True, kw_only=True):
    """A rectangle with a text in its middle. Columns and rows are counted from 0."""

    column: int
    columns: int
    row: int
    kind: str
    text: str


def machine_boxes(hardware: HardwareInfo) -> tuple[list[Box], int]:
    """What to draw, and over how many columns."""
    cpus = _cpus(hardware)
    if not cpus or len(cpus) > MOST_COLUMNS:
        return list(_in_words(hardware, cpus)), 1
    columns = {cpu: at for at, cpu in enumerate(cpus)}
    boxes = [Box(column=at, columns=1, row=1, kind="core", text=f"CPU {cpu}") for cpu, at in columns.items()]
    for kind in hardware.core_types:
        name = shortened(kind.name or "unknown core")
        boxes += [
            Box(column=at, columns=count, row=0, kind="name", text=name) for at, count in _runs(kind.cpus, columns)
        ]
    rows = itertools.count(2)
    for (level, kind_of), caches in _by_level(hardware.caches).items():
        row = next(rows)
        for cache in caches:
            text = _cache_text(level, kind_of, cache)
            shared = cache.shared_cpus or (tuple(cpus),)
            note = "" if cache.shared_cpus else ", sharing unknown"
            boxes += [
                Box(column=at, columns=count, row=row, kind="cache", text=text + note)
                for group in shared for at, count in _runs(group, columns)
            ]  # fmt: skip
    boxes.append(Box(column=0, columns=len(cpus), row=next(rows), kind="memory", text=_memory_text(hardware)))
    return boxes, len(cpus)


def machine_svg(hardware: HardwareInfo, *, colours: Mapping[str, str], title: str | None = None) -> str:
    """The picture as SVG, `title` above it. Its label says in words what it shows."""
    boxes, columns = machine_boxes(hardware)
    top = 30 if title else 0
    rows = 1 + max(box.row for box in boxes)
    height = top + rows * _ROW
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label={quoteattr(machine_words(hardware))} font-family="system-ui, sans-serif" '
            f'font-size="{_TEXT}">'
        )
    ]
    if title:
        parts.append(f'<rect width="{WIDTH}" height="{height}" fill="{colours["back"]}"/>')
        parts.append(f'<text x="0" y="18" font-weight="bold" fill="{colours["ink"]}">{escape(shortened(title))}</text>')
    parts += [_draw(box, WIDTH / columns, top, colours) for box in sorted(boxes, key=lambda box: (box.row, box.column))]
    return "\n".join([*parts, "</svg>"])


def machine_words(hardware: HardwareInfo) -> str:
    """Cores and caches in a sentence, for those who do not see the picture."""
    cpus = _cpus(hardware)
    caches = [
        f"{_cache_text(level, kind, cache)}, {_sharing(cache)}"
        for (level, kind), caches in _by_level(hardware.caches).items()
        for cache in caches
    ]
    count = f"{len(cpus)} CPUs" if len(cpus) != 1 else "1 CPU"
    known = "; ".join(caches) or "no cache is known"
    return (
        f"{shortened(machine_name(hardware))}: {count if cpus else 'CPUs unknown'}; {known}; {_memory_text(hardware)}."
    )


def _draw(box: Box, cell: float, top: int, colours: Mapping[str, str]) -> str:
    x, y = box.column * cell + _GAP / 2, top + box.row * _ROW + _GAP / 2
    width, height = max(1.0, box.columns * cell - _GAP), _ROW - _GAP
    letters = max(1, int((width - 6) / _LETTER))
    text = f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 5:.1f}" text-anchor="middle" '
    if box.kind == "name":
        return f'{text}fill="{colours["soft"]}">{escape(shortened(box.text, letters))}</text>'
    lines = _lines(box.text, letters)
    first = y + height / 2 + 5 - 8 * (len(lines) - 1)
    spans = "".join(
        f'<text x="{x + width / 2:.1f}" y="{first + 16 * at:.1f}" text-anchor="middle" fill="{colours["ink"]}">'
        f"{escape(line)}</text>"
        for at, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="5" fill="{colours[box.kind]}" '
        f'stroke="{colours["line"]}"/>{spans}'
    )


def _lines(text: str, letters: int) -> list[str]:
    """One line, or two broken before the size where the box is narrow."""
    if len(text) <= letters:
        return [text]
    head, _, tail = text.partition(", ") if ", " in text else _before_size(text)
    return [shortened(part, letters) for part in (head, tail) if part]


def _before_size(text: str) -> tuple[str, str, str]:
    words = text.split(" ")
    return " ".join(words[:-2]), " ", " ".join(words[-2:])


def _cpus(hardware: HardwareInfo) -> list[int]:
    named = {cpu for kind in hardware.core_types for cpu in kind.cpus}
    sharing = {cpu for cache in hardware.caches for shared in cache.shared_cpus for cpu in shared}
    if named | sharing:
        return sorted(named | sharing)
    count = hardware.logical_cpus.value or 0
    return list(range(min(max(count, 0), 10_000)))


def _by_level(caches: Sequence[CacheInfo]) -> dict[tuple[int, str], list[CacheInfo]]:
    found: dict[tuple[int, str], list[CacheInfo]] = {}
    for cache in sorted(caches, key=lambda cache: (cache.level, cache.type)):
        found.setdefault((cache.level, cache.type), []).append(cache)
    return found


def _runs(cpus: Sequence[int], columns: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """First column and count of each run of neighbours: CPUs that share and lie apart get a box each."""
    places = sorted({columns[cpu] for cpu in cpus if cpu in columns})
    for _, group in itertools.groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        run = [place for _, place in group]
        yield run[0], len(run)


def _in_words(hardware: HardwareInfo, cpus: Sequence[int]) -> Iterator[Box]:
    """A box a level, for machines with very many CPUs, or none that is known."""
    many = f"{len(cpus)} CPUs" if cpus else "CPUs: unknown"
    texts = [("core", many)]
    for (level, kind), caches in _by_level(hardware.caches).items():
        texts += [("cache", f"{_cache_text(level, kind, cache)}, {_sharing(cache)}") for cache in caches]
    if not hardware.caches:
        texts.append(("cache", "caches: unknown"))
    texts.append(("memory", _memory_text(hardware)))
    for row, (kind_of, text) in enumerate(texts):
        yield Box(column=0, columns=1, row=row, kind=kind_of, text=text)


def _sharing(cache: CacheInfo) -> str:
    sharers = max(map(len, cache.shared_cpus), default=0)
    if not sharers:
        return "sharing unknown"
    return f"{len(cache.shared_cpus)} of them, {f'shared by {sharers} CPUs' if sharers > 1 else 'one for each CPU'}"


def _cache_text(level: int, kind: str, cache: CacheInfo) -> str:
    size = f"size {UNKNOWN}" if cache.size_bytes is None else format_bytes(cache.size_bytes)
    return " ".join(filter(None, (f"L{level}", _WORDS[kind], size)))


def _memory_text(hardware: HardwareInfo) -> str:
    return f"memory {format_bytes(hardware.memory.total_bytes.value)}"
