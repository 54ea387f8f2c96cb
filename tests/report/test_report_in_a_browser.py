"""Every kind of page in a real browser: nothing wider than the screen, no error, no request, legible buttons."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from featherbone.cost import count
from featherbone.cost.table import cost_table
from featherbone.networks import network
from featherbone.report import write_report
from featherbone.report.cost_page import render

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"
)
PATIENCE, PAUSE = 60_000, 100  # milliseconds; a busy machine draws slowly
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
TOO_WIDE = """() => {
    const held = (node) => node && (["auto", "scroll", "hidden"].includes(getComputedStyle(node).overflowX)
        || held(node.parentElement));
    return [...document.querySelectorAll("body *")]
        .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !held(node.parentElement))
        .map((node) => `${node.tagName}.${node.className.baseVal ?? node.className}`);
}"""
CONTRASTS = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const luminance = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value / 255);
        const linear = parts.map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    return [...document.querySelectorAll(".choices button")].map((button) => {
        const style = getComputedStyle(button);
        const [dark, light] = [luminance(style.color), luminance(style.backgroundColor)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=BROWSER, args=FLAGS)


@pytest.fixture(autouse=True)
def _closed(browser: Any) -> Iterator[None]:
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture
def pages(make_run: Callable[..., Path], make_training: Callable[..., Path], tmp_path: Path) -> dict[str, Path]:
    """A page of each kind; the two runs' with a finished and a missing end."""
    cost = tmp_path / "cost.html"
    cost.write_text(render(cost_table(count(network("mobilenet_v2")))), encoding="utf-8")
    run, training = make_run(finished=True), make_training(epochs=12, finished=True)
    return {"search": write_report(run), "training": write_report(training), "cost": cost}


OVERLAPS = """() => [...document.querySelectorAll(".plot")].flatMap((plot) => {
    const legend = plot.querySelector(".legend");
    if (!legend) return [];
    const box = legend.getBoundingClientRect();
    return [...plot.querySelectorAll(".xtitle, .ytitle, .xtick, .ytick, .plotbg, .bglayer .bg")].filter((node) => {
        const other = node.getBoundingClientRect();
        return other.width && box.left < other.right && other.left < box.right
            && box.top < other.bottom && other.top < box.bottom;
    }).map((node) => `${plot.id}: ${node.textContent || node.getAttribute("class")}`);
})"""
BEHIND = """() => [...document.querySelectorAll(".plot")]
    .filter((plot) => plot._fullLayout.width !== plot.clientWidth).map((plot) => plot.id)"""
UNDRAWN = """() => [...document.querySelectorAll(".plot")]
    .filter((plot) => !plot.querySelector("svg")).map((plot) => plot.id)"""
SCREENS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]


@pytest.mark.parametrize("kind", ["search", "training", "cost"])
def test_a_page_fits_every_screen_asks_nobody_and_is_legible(browser: Any, pages: dict[str, Path], kind: str) -> None:
    page, told = opened(browser, pages[kind])
    for width, scheme in SCREENS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        assert settled(page, BEHIND) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_WIDE) == []
        assert settled(page, OVERLAPS) == []
        assert all(contrast >= 4.5 for contrast in page.evaluate(CONTRASTS))
    assert told == []


@pytest.mark.parametrize(
    ("kind", "label", "shown"), [("search", "parameters", ".xtitle"), ("cost", "bytes moved", None)]
)
def test_a_button_shows_another_cost_and_stays_pressed_in_the_dark(
    browser: Any, pages: dict[str, Path], kind: str, label: str, shown: str | None
) -> None:
    page, told = opened(browser, pages[kind])
    button = page.get_by_role("button", name=label).first
    before = page.evaluate("JSON.stringify(document.querySelector('.plot').data)")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate("JSON.stringify(document.querySelector('.plot').data)") != before
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("JSON.stringify(document.querySelector('.plot').data)") != before
    if shown:
        assert page.locator(shown).first.text_content() == label
    assert told == []


@pytest.mark.parametrize(("kind", "sheets"), [("search", 7), ("training", 5)])
def test_a_page_prints_on_few_sheets(browser: Any, pages: dict[str, Path], kind: str, sheets: int) -> None:
    page, _ = opened(browser, pages[kind])
    printed = page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= sheets


def opened(browser: Any, path: Path) -> tuple[Any, list[str]]:
    """The page as people see it, and what it complains of or asks for, which grows while it is used."""
    page = browser.new_page(viewport={"width": 1280, "height": 844})
    page.set_default_timeout(PATIENCE)
    told: list[str] = []
    page.on("console", lambda message: told.extend([message.text] if message.type == "error" else []))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.extend([request.url] if request.url.startswith("http") else []))
    page.goto(path.as_uri())
    assert settled(page, UNDRAWN) == []
    return page, told


def settled(page: Any, script: str) -> list[str]:
    """What a script finds wrong, once Plotly had time: it follows a new width, and places a legend, in later passes."""
    for _ in range(PATIENCE // PAUSE):
        wrong: list[str] = page.evaluate(script)
        if not wrong:
            break
        page.wait_for_timeout(PAUSE)
    return wrong
