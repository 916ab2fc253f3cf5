"""What every chart knows of a case: flat values with unknown as None, and names short enough to stand on an axis."""

import math
from collections.abc import Mapping, Sequence

from profiler.base.record import Record
from profiler.base.text import plain, shorten
from profiler.judge.boards import numbered
from profiler.judge.records import Estimate, Row, Verdict
from profiler.judge.summary import Summary
from profiler.machine.reports import machine_name
from profiler.report.document import Report
from profiler.session.records import Control

NAME_LENGTH = 48  # what is longer is cut off on an axis and stands whole in the tables
RATIO_ENDS = (1e-3, 1e3)  # an interval without an end is drawn this far
DRAWN = (
    "board", "runtime", "batch", "form", "dtype", "threads", "weights", "control", "layer", "verdict", "label", "panel",
    "order", "runtime_order", "weight_bytes", "speedup", "low", "high",
)  # fmt: skip


class CaseData(Record, frozen=True, kw_only=True):
    """One case as every chart knows it: names, sizes in bytes, and the speedup with its interval.

    The values named in `DRAWN` are in the data of all charts; from `row` and `summary` a chart derives what it alone
    shows. `settings` are the words that tell the case apart besides its layer, runtime and batch; `panel` names the
    small chart of its runtime, batch and settings, and `label` the case alone. `order` and `runtime_order` are the
    places of panel and runtime in the report.
    """

    board: str
    runtime: str
    batch: str
    form: str
    dtype: str
    threads: str
    weights: str
    control: str
    layer: str
    verdict: str
    label: str
    panel: str
    order: int
    runtime_order: int
    weight_bytes: int
    speedup: float | None
    low: float | None
    high: float | None
    settings: tuple[str, ...]
    row: Row
    summary: Summary


def short_board_names(report: Report) -> tuple[str, ...]:
    """A name for each session, numbered where several sessions come from machines of one name."""
    return numbered([shortened(machine_name(summary.hardware)) for summary in report.sessions])


def shortened(text: object, length: int = NAME_LENGTH) -> str:
    """One harmless line of at most so many columns."""
    return shorten(plain(text), length)


def case_data_of(report: Report) -> tuple[CaseData, ...]:
    """What is drawn of each case of each session, in the order of the report."""
    layers = _layer_names([row for summary in report.sessions for row in summary.rows])
    entries = [
        (summary, row, _names(row, board, layers[row.case.workload, row.title]))
        for board, summary in zip(short_board_names(report), report.sessions, strict=True)
        for row in summary.rows
    ]
    names = [own for _, _, own in entries]
    varying = varying_names(names)
    settings = [_settings(own, varying) for own in names]
    labels = numbered([_label(own, extra) for own, extra in zip(names, settings, strict=True)])
    panels = [_panel(own, extra) for own, extra in zip(names, settings, strict=True)]
    panel_places = _panel_places(names, panels)
    runtime_places = {name: at for at, name in enumerate(dict.fromkeys(own["runtime"] for own in names))}
    ratios = [known_ratio(row.speedup) for _, row, _ in entries]
    return tuple(
        CaseData(
            **own,
            label=label,
            panel=panel,
            order=panel_places[panel],
            runtime_order=runtime_places[own["runtime"]],
            weight_bytes=row.weight_bytes,
            speedup=ratio.point if ratio else None,
            low=ratio.low if ratio else None,
            high=ratio.high if ratio else None,
            settings=extra,
            row=row,
            summary=summary,
        )
        for (summary, row, own), extra, label, panel, ratio in zip(
            entries, settings, labels, panels, ratios, strict=True
        )
    )


def varying_names(cases: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """The names of the settings that are not the same in all cases."""
    keys = cases[0] if cases else {}
    return frozenset(key for key in keys if len({names[key] for names in cases}) > 1)


def _layer_names(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """What each workload is called on an axis: two that would be called alike would be drawn as one."""
    layers = list(dict.fromkeys((row.case.workload, row.title) for row in rows))
    return dict(zip(layers, numbered([shortened(title) for _, title in layers]), strict=True))


def _names(row: Row, board: str, layer: str) -> dict[str, str]:
    case = row.case
    return {
        "board": board,
        "runtime": shortened(case.runtime),
        "batch": shortened(row.batch),
        "form": case.form.value,
        "dtype": shortened(case.dtype),
        "threads": str(case.threads),
        "weights": case.weights.value,
        "control": "none" if case.control is Control.NONE else case.control.value,
        "layer": layer,
        "verdict": row.verdict.value if row.passes else "not measured",
    }


def _panel_places(cases: Sequence[Mapping[str, str]], panels: Sequence[str]) -> dict[str, int]:
    """Panels by runtime, then batch, then the rest: boards stand side by side."""
    runtimes: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    for at, (names, panel) in enumerate(zip(cases, panels, strict=True)):
        rank = runtimes.setdefault(names["runtime"], len(runtimes))
        batch = int(names["batch"]) if names["batch"].isdecimal() and len(names["batch"]) < 10 else 1 << 31  # noqa: PLR2004
        found.setdefault(panel, (rank, batch * 100_000 + min(at, 99_999)))
    return {panel: place for place, panel in enumerate(sorted(found, key=found.__getitem__))}


def _panel(names: Mapping[str, str], settings: Sequence[str]) -> str:
    return ", ".join([names["runtime"], f"batch {names['batch']}", *settings])


def _label(names: Mapping[str, str], settings: Sequence[str]) -> str:
    return ", ".join([names["layer"], f"batch {names['batch']}", names["runtime"], *settings])


def _settings(names: Mapping[str, str], varying: frozenset[str]) -> tuple[str, ...]:
    """What tells a case apart besides layer, runtime and batch."""
    texts = {
        "form": names["form"],
        "dtype": names["dtype"],
        "threads": f"{names['threads']} {'thread' if names['threads'] == '1' else 'threads'}",
        "weights": f"{names['weights']} weights",
        "control": f"control {names['control']}",
        "board": names["board"],
    }
    return tuple(text for key, text in texts.items() if key in varying)


def known_ratio(estimate: Estimate | None) -> Estimate | None:
    """A ratio that can be drawn on a logarithmic scale; ends at nothing or infinity are brought to `RATIO_ENDS`."""
    if estimate is None or not 0 < estimate.point < math.inf:
        return None
    least, most = RATIO_ENDS
    point, low, high = (
        min(most, max(least, value if value == value else end))  # noqa: PLR0124 - NaN
        for value, end in ((estimate.point, 1.0), (estimate.low, least), (estimate.high, most))
    )
    return Estimate(point=point, low=low, high=high, confidence_level=estimate.confidence_level)


def is_known(case: CaseData) -> bool:
    """Whether the sign of the difference is known: only then has it a colour."""
    return case.verdict in {Verdict.PAYS_OFF, Verdict.COSTS}
