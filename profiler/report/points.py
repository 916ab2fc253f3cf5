"""What charts show of each case: a flat record with unknown as None, and names short enough to stand on an axis."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from profiler.base.record import Record
from profiler.judge.boards import numbered
from profiler.judge.records import Costs, Estimate, Row, Verdict
from profiler.judge.summary import Summary
from profiler.machine.reports import machine_name
from profiler.models.layout import WeightLayout
from profiler.report.document import Report
from profiler.report.values import plain
from profiler.session.records import Case, Control

NAME_LENGTH = 48  # what is longer is cut off on an axis and stands whole in the tables
RATIO_ENDS = (1e-3, 1e3)  # an interval without an end is drawn this far
_SHAPE = re.compile(r"([0-9]{1,9})x([0-9]{1,9})")
_ALWAYS = ("runtime", "batch")


class Point(Record, frozen=True, kw_only=True):
    """One case as charts need it. Seconds, bytes and ratios; `log2_speedup` is what colours show.

    `panel` names the small chart it stands in, `cost_panel` the same without the batch, `map_panel` without the
    runtime; `label` is unique. `in_features` and `out_features` are known where the case is one bare layer.
    """

    board: str
    runtime: str
    form: str
    batch: str
    dtype: str
    threads: str
    weights: str
    control: str
    verdict: str
    layer: str
    label: str
    panel: str
    cost_panel: str
    map_panel: str
    order: int
    runtime_order: int
    in_features: int | None
    out_features: int | None
    weight_bytes: int
    margin_low: float
    margin_high: float
    speedup: float | None
    low: float | None
    high: float | None
    log2_speedup: float | None
    null_low: float | None
    null_high: float | None
    out_in_s: float | None
    in_out_s: float | None
    bound_s: float | None
    load_out_in: float | None
    load_out_in_low: float | None
    load_out_in_high: float | None
    load_in_out: float | None
    load_in_out_low: float | None
    load_in_out_high: float | None
    first_out_in: float | None
    first_out_in_low: float | None
    first_out_in_high: float | None
    first_in_out: float | None
    first_in_out_low: float | None
    first_in_out_high: float | None
    rise_out_in: float | None
    rise_out_in_low: float | None
    rise_out_in_high: float | None
    rise_in_out: float | None
    rise_in_out_low: float | None
    rise_in_out_high: float | None


def board_names(report: Report) -> tuple[str, ...]:
    """A name for each session, numbered where several sessions come from machines of one name."""
    return numbered([shortened(machine_name(summary.hardware)) for summary in report.sessions])


def shortened(text: object, length: int = NAME_LENGTH) -> str:
    """One harmless line of at most so many characters."""
    line = plain(text)
    return line if len(line) <= length else f"{line[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def points_of(report: Report) -> tuple[Point, ...]:
    """A point for each case of each session, in the order of the report."""
    boards = board_names(report)
    entries = [
        (summary, row, _names(row, board))
        for board, summary in zip(boards, report.sessions, strict=True)
        for row in summary.rows
    ]
    varying = varying_names([names for _, _, names in entries])
    runtimes = {name: at for at, name in enumerate(dict.fromkeys(names["runtime"] for _, _, names in entries))}
    labels = numbered([_label(names, varying) for _, _, names in entries])
    panels = {name: at for at, name in enumerate(_panel_order([names for _, _, names in entries], varying))}
    return tuple(
        _point(summary, row, names, varying, label, (panels[_panel(names, varying)], runtimes[names["runtime"]]))
        for (summary, row, names), label in zip(entries, labels, strict=True)
    )


def varying_names(cases: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """What is not the same in all cases."""
    keys = cases[0] if cases else {}
    return frozenset(key for key in keys if len({names[key] for names in cases}) > 1)


def _names(row: Row, board: str) -> dict[str, Any]:
    case: Case = row.case
    return {
        "board": board,
        "runtime": shortened(case.runtime),
        "batch": shortened(row.batch),
        "form": case.form.value,
        "dtype": shortened(case.dtype),
        "threads": str(case.threads),
        "weights": case.weights.value,
        "control": "none" if case.control is Control.NONE else case.control.value,
        "layer": shortened(row.dimensions),
        "verdict": row.verdict.value if row.passes else "not measured",
    }


def _panel_order(cases: Iterable[Mapping[str, str]], varying: frozenset[str]) -> list[str]:
    """Panels by runtime, then batch, then the rest: boards stand side by side."""
    runtimes: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    for at, names in enumerate(cases):
        rank = runtimes.setdefault(names["runtime"], len(runtimes))
        batch = int(names["batch"]) if names["batch"].isdecimal() and len(names["batch"]) < 10 else 1 << 31  # noqa: PLR2004
        found.setdefault(_panel(names, varying), (rank, batch * 100_000 + min(at, 99_999)))
    return sorted(found, key=found.__getitem__)


def _panel(names: Mapping[str, str], varying: frozenset[str], without: str = "") -> str:
    parts = [
        text for key in _ALWAYS if key != without and (text := f"batch {names[key]}" if key == "batch" else names[key])
    ]
    return ", ".join([*parts, *_rest(names, varying)])


def _label(names: Mapping[str, str], varying: frozenset[str]) -> str:
    return ", ".join([names["layer"], f"batch {names['batch']}", names["runtime"], *_rest(names, varying)])


def _rest(names: Mapping[str, str], varying: frozenset[str]) -> list[str]:
    """What tells a case apart besides layer, runtime and batch."""
    texts = {
        "form": names["form"],
        "dtype": names["dtype"],
        "threads": f"{names['threads']} {'thread' if names['threads'] == '1' else 'threads'}",
        "weights": f"{names['weights']} weights",
        "control": f"control {names['control']}",
        "board": names["board"],
    }
    return [text for key, text in texts.items() if key in varying]


def _point(
    summary: Summary, row: Row, names: dict[str, Any], varying: frozenset[str], label: str, order: tuple[int, int]
) -> Point:
    shape = _SHAPE.fullmatch(row.dimensions)
    speedup = known_ratio(row.speedup)
    null = known_ratio(row.null)
    times = {layout: _positive(row.arms[layout].time_s) for layout in WeightLayout}
    return Point(
        **names,
        label=label,
        panel=_panel(names, varying),
        cost_panel=_panel(names, varying, without="batch"),
        map_panel=_panel(names, varying, without="runtime"),
        order=order[0],
        runtime_order=order[1],
        in_features=int(shape[1]) if shape else None,
        out_features=int(shape[2]) if shape else None,
        weight_bytes=row.weight_bytes,
        margin_low=1 / (1 + summary.margin),
        margin_high=1 + summary.margin,
        speedup=speedup.point if speedup else None,
        low=speedup.low if speedup else None,
        high=speedup.high if speedup else None,
        log2_speedup=math.log2(speedup.point) if speedup else None,
        null_low=null.low if null else None,
        null_high=null.high if null else None,
        out_in_s=times[WeightLayout.OUT_IN],
        in_out_s=times[WeightLayout.IN_OUT],
        bound_s=_positive(row.limit.bound_s) if row.limit else None,
        **_costs(row.cost),
    )


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


def _positive(value: float | None) -> float | None:
    return value if value is not None and 0 < value < math.inf else None


def _costs(cost: Costs | None) -> dict[str, Any]:
    """Load time, first call and memory rise of both layouts, each with its interval."""
    found: dict[str, float | None] = {}
    measures = {
        "load": cost.load_s if cost else {},
        "first": cost.first_call_s if cost else {},
        "rise": cost.load_rise_bytes if cost else {},
    }
    for name, estimates in measures.items():
        for layout in WeightLayout:
            estimate = estimates.get(layout)
            key = f"{name}_{layout.value}"
            found[key] = _finite(estimate.point) if estimate else None
            found[f"{key}_low"] = _finite(estimate.low) if estimate else None
            found[f"{key}_high"] = _finite(estimate.high) if estimate else None
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def is_known(point: Point) -> bool:
    """Whether the sign of the difference is known: only then has it a colour."""
    return point.verdict in {Verdict.PAYS_OFF, Verdict.COSTS}
