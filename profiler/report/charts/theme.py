"""How charts look, in light and in dark. Charts name styles; these say what colour each is.

Teal and rust are told apart by people with any of the common kinds of colour blindness, and in grey by their shapes.
"""

from typing import Any

PAYS, COSTS, EQUAL, UNDECIDED = "pays off", "costs", "equal", "undecided"
VERDICTS = (PAYS, COSTS, EQUAL, UNDECIDED)
SHAPES = ("triangle-up", "triangle-down", "square", "circle")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

_LIGHT = {
    "back": "#ffffff", "ink": "#1c2024", "soft": "#56606a", "line": "#d9dee3", "band": "#e9ecf0", "rule": "#7a4fa3",
    "cell_text": "#1c2024", "cell_text_strong": "#ffffff", "equal_cell": "#dde3ec", "equal": "#3d5a80",
    "undecided": "#6b7280", "pays": "#0a6e5c", "costs": "#a8401c", "out_in": "#0a6e5c", "in_out": "#b3541e",
    "null": "#9aa4ae",
}  # fmt: skip
_DARK = {
    "back": "#14181c", "ink": "#e6e9ec", "soft": "#a9b3bd", "line": "#333b43", "band": "#262d34", "rule": "#c39be8",
    "cell_text": "#ffffff", "cell_text_strong": "#0e1114", "equal_cell": "#3a4350", "equal": "#8fb3e0",
    "undecided": "#a3abb5", "pays": "#4cc3a8", "costs": "#f08a5d", "out_in": "#4cc3a8", "in_out": "#f0a05d",
    "null": "#77828c",
}  # fmt: skip
_LIGHT_RAMP = ["#8a3010", "#c4622d", "#e6ae8c", "#f1f1ef", "#93cdbf", "#2f9482", "#075646"]
_DARK_RAMP = ["#ffa77d", "#d9723f", "#8f4f30", "#2b3036", "#24685b", "#2fa18c", "#6fe3c9"]


def config(*, is_dark: bool) -> dict[str, Any]:
    """The Vega-Lite configuration: colours, fonts, and the named styles that the charts use."""
    colours = _DARK if is_dark else _LIGHT
    text = {"labelColor": colours["ink"], "titleColor": colours["soft"], "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": colours["back"],
        "font": FONT,
        "view": {"stroke": colours["line"]},
        "axis": {
            **text, "gridColor": colours["line"], "domainColor": colours["line"], "tickColor": colours["line"],
            "titleFontWeight": "normal", "gridOpacity": 0.6, "labelLimit": 240,
        },
        "legend": {**text, "titleFontWeight": "normal", "symbolStrokeWidth": 2},
        "header": {"labelColor": colours["ink"], "labelFontSize": 13, "labelFontWeight": "bold", "labelLimit": 330},
        "title": {"color": colours["ink"], "fontSize": 14, "anchor": "start"},
        "range": {
            "diverging": _DARK_RAMP if is_dark else _LIGHT_RAMP,
            "category": [colours["pays"], colours["costs"], colours["equal"], colours["undecided"]],
            "ordinal": [colours["out_in"], colours["in_out"], colours["soft"]],
        },
        "style": _styles(colours),
    }  # fmt: skip


def _styles(colours: dict[str, str]) -> dict[str, Any]:
    """The named styles of marks, in these colours."""
    undecided = {"color": "transparent", "stroke": colours["undecided"], "strokeDash": [3, 2], "strokeWidth": 1}
    return {
        "band": {"color": colours["band"], "opacity": 1},
        "one": {"color": colours["soft"], "strokeWidth": 1},
        "cache-rule": {"color": colours["rule"], "strokeDash": [5, 3], "strokeWidth": 1.5},
        "cache-label": {"color": colours["rule"], "fontSize": 11},
        "equal-cell": {"color": colours["equal_cell"], "stroke": colours["back"], "strokeWidth": 1},
        "known-cell": {"stroke": colours["back"], "strokeWidth": 1},
        "undecided-cell": undecided,
        "cell-text": {"color": colours["cell_text"], "fontSize": 11},
        "cell-text-strong": {"color": colours["cell_text_strong"], "fontSize": 11},
        "undecided-text": {"color": colours["soft"], "fontSize": 11},
        "undecided-rule": {"color": colours["undecided"], "strokeDash": [3, 2], "strokeWidth": 1.5, "opacity": 0.8},
        "interval": {"strokeWidth": 2},
        "null": {"color": colours["null"], "strokeWidth": 3, "opacity": 0.8},
    }
