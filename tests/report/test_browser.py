"""The page in a browser: Debian's chromium, driven by Playwright. Skipped where there is none of either."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from profiler.report import charts
from profiler.report.document import make_report
from profiler.report.html import render_html
from tests.report.test_page import CASES, HOSTILE, SESSION, hostile_session
from tests.sessions import make_case, make_session

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt install chromium"),
]

LOCAL = ("file:", "data:", "blob:")
DRAWN_MS = 120_000
MIXED = make_session({**CASES, make_case(8, "onnxruntime"): 1.03}, passes=8)
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a report; what it logs, and what it asks of anywhere else, fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def guard(route: Any) -> None:
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            complaints.append(f"asked for {route.request.url[:200]}")
            route.abort()

    def start(*sessions: Any, width: int = 1400, scheme: str = "light", scripts: bool = True) -> Any:
        path = tmp_path / "report.html"
        path.write_text(render_html(make_report(sessions), raw=(b"raw\n",) * len(sessions)))
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.route("**/*", guard)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        if scripts:
            page.wait_for_selector("html[data-drawn]", timeout=DRAWN_MS)
        return page

    yield start
    for context in contexts:
        context.close()
    assert complaints == []


def drawn_again(page: Any, action: Callable[[], object]) -> None:
    """Do something that draws the charts anew, and wait until they are."""
    before = page.evaluate("document.documentElement.dataset.drawn")
    action()
    page.wait_for_function(
        "before => document.documentElement.dataset.drawn && document.documentElement.dataset.drawn !== before",
        arg=before, timeout=DRAWN_MS,
    )  # fmt: skip


def rows(page: Any) -> Any:
    return page.locator("table.cases tbody tr:visible")


def texts(page: Any, column: int) -> list[str]:
    found: list[str] = page.locator(f"table.cases tbody tr:visible td:nth-child({column})").all_inner_texts()
    return found


def test_every_chart_is_drawn_and_nothing_is_asked_of_anywhere(opened: Open) -> None:
    page = opened(MIXED)
    assert page.locator("figure[data-chart]").count() == 4
    assert page.locator("figure .chart svg, figure .chart canvas").count() == 4
    assert page.locator("#status").inner_text() == "4 of 4 cases are shown."


def test_the_colours_are_of_known_cases_alone(opened: Open) -> None:
    page = opened(MIXED)
    undecided = sum(text.startswith("undecided") for text in texts(page, 8))
    assert undecided == 1
    cells = page.locator('figure[data-chart="map"] .mark-rect.role-mark')
    assert cells.locator('path[fill="transparent"]').count() == undecided
    assert cells.locator('path:not([fill="transparent"])').count() == 4 - undecided


def test_a_filter_acts_on_charts_and_tables_and_can_be_taken_back(opened: Open) -> None:
    page = opened(MIXED)
    labels = page.locator('figure[data-chart="forest"] svg')
    assert "onnxruntime" in labels.inner_html()
    drawn_again(page, page.get_by_label("onnxruntime", exact=True).uncheck)
    assert rows(page).count() == 2
    assert set(texts(page, 3)) == {"numpy"}
    assert "onnxruntime" not in page.locator('figure[data-chart="forest"] svg').inner_html()
    assert page.locator("#status").inner_text() == "2 of 4 cases are shown."
    drawn_again(page, page.locator("#all-cases").click)
    assert rows(page).count() == 4


def test_no_case_chosen_is_said_in_place_of_charts(opened: Open) -> None:
    page = opened(MIXED)
    for name in ("numpy", "onnxruntime"):
        drawn_again(page, page.get_by_label(name, exact=True).uncheck)
    assert page.locator("figure .chart svg").count() == 0
    assert page.get_by_text("No measured case is chosen.").count() == 4


def test_a_table_sorts_both_ways_by_keyboard(opened: Open) -> None:
    page = opened(MIXED)
    button = page.locator("table.cases th button", has_text="speedup")
    head = page.locator("table.cases th", has_text="speedup")
    button.focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    values = [float(text.split()[0]) for text in texts(page, 7)]
    assert values == sorted(values)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(text.split()[0]) for text in texts(page, 7)] == sorted(values, reverse=True)


def test_a_chart_shows_its_numbers_and_the_null_on_demand(opened: Open) -> None:
    page = opened(MIXED)
    figure = page.locator('figure[data-chart="forest"]')
    figure.locator(".numbers summary").click()
    figure.locator(".numbers tbody tr").first.wait_for()  # a browser tells of the opening a little later
    assert figure.locator(".numbers tbody tr").count() == 4
    marks = figure.locator('svg [aria-roledescription="rule mark"]').count()
    page.locator("#show-null").check()
    page.wait_for_function(
        "count => document.querySelectorAll('figure[data-chart=\"forest\"] svg "
        "[aria-roledescription=\"rule mark\"]').length === count + 4",
        arg=marks, timeout=DRAWN_MS,
    )  # fmt: skip


@pytest.mark.parametrize("width", [390, 1400])
def test_a_chart_that_is_added_to_the_table_has_its_numbers_and_its_switch(
    opened: Open, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(charts, "CHARTS", (*charts.CHARTS, "tests.report.passes_chart"))
    page = opened(MIXED, width=width)
    figure = page.locator('figure[data-chart="passes"]')
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    figure.locator(".numbers summary").click()
    figure.locator(".numbers tbody tr").first.wait_for()
    assert figure.locator(".numbers th").all_inner_texts() == ["case", "measured in passes"]
    assert figure.locator(".numbers td:nth-child(2)").all_inner_texts() == ["8"] * 4
    assert figure.locator("svg .mark-text.role-mark text").count() == 0
    page.get_by_label("Write the number beside each bar").check()
    page.wait_for_function(
        """document.querySelectorAll('figure[data-chart="passes"] svg .mark-text.role-mark text').length === 4""",
        timeout=DRAWN_MS,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_fits_its_width_and_is_accessible(opened: Open, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = opened(MIXED, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('.chart svg')].filter(svg => svg.getBoundingClientRect().right > innerWidth)"
    assert page.evaluate(f"{wide}.length") == 0
    result = axe.Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    background = page.locator('figure[data-chart="map"] svg').first.evaluate(
        "one => getComputedStyle(one).backgroundColor"
    )
    assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 28)")


def test_charts_follow_when_the_colours_change(opened: Open) -> None:
    page = opened(MIXED)
    drawn_again(page, lambda: page.emulate_media(color_scheme="dark"))
    background = page.locator('figure[data-chart="map"] svg').first.evaluate(
        "one => getComputedStyle(one).backgroundColor"
    )
    assert background == "rgb(20, 24, 28)"


@pytest.mark.parametrize("width", [390, 1400])
def test_hostile_names_stay_text_and_break_nothing(opened: Open, width: int) -> None:
    page = opened(hostile_session(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("img").count() == 0
    assert "</script>" in page.locator("table.cases").inner_text()
    point = page.locator('figure[data-chart="forest"] [aria-roledescription="point"]').first
    point.scroll_into_view_if_needed()
    point.hover(force=True)
    tip = page.locator("#vg-tooltip-element")
    page.wait_for_function("document.querySelector('#vg-tooltip-element.visible')", timeout=DRAWN_MS)
    assert "</script>" in tip.inner_text()
    assert page.locator("img").count() == 0
    assert HOSTILE[:20] in page.title() + tip.inner_text()


def test_several_boards_can_be_chosen(opened: Open) -> None:
    page = opened(MIXED, SESSION)
    beside = page.locator("tr[data-cases]")
    together = beside.count()
    assert rows(page).count() == 7
    assert together >= 2
    drawn_again(page, page.locator('fieldset[data-key="board"] input').first.uncheck)
    assert rows(page).count() == 3
    assert page.locator("tr[data-cases]:visible").count() == together  # the other board still has these cases
    drawn_again(page, page.get_by_label("numpy", exact=True).uncheck)
    assert "numpy" not in " ".join(page.locator("tr[data-cases]:visible").all_inner_texts())
    assert page.locator("tr[data-cases]:visible").count() < together


@pytest.mark.parametrize("change", [{"blocks": (), "end": None}, {"failures": ()}])
def test_pages_without_charts_and_with_few_have_no_error(opened: Open, change: dict[str, Any]) -> None:
    page = opened(msgspec.structs.replace(SESSION, **change))
    assert page.locator("h1").count() == 1


def test_without_scripts_the_answer_the_tables_and_the_drawing_are_there(opened: Open) -> None:
    page = opened(MIXED, scripts=False)
    assert page.get_by_text("Charts, filters and sorting need JavaScript").is_visible()
    assert rows(page).count() == 4
    assert page.locator(".drawing svg").is_visible()
    assert not page.locator(".filters").is_visible()
