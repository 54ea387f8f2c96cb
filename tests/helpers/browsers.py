"""Pages in a real browser: how it is started, and what a page complains of, asks for, or shows beyond the screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "no Chromium on this machine (Debian: apt-get install chromium)"
PATIENCE = 60_000  # milliseconds; a busy machine draws slowly
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
TOO_WIDE = """() => {
    const held = (node) => node && (["auto", "scroll", "hidden"].includes(getComputedStyle(node).overflowX)
        || held(node.parentElement));
    return [...document.querySelectorAll("body *")]
        .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !held(node.parentElement))
        .map((node) => `${node.tagName}.${node.className.baseVal ?? node.className}`);
}"""


@contextmanager
def started() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=BROWSER, args=FLAGS)


def opened(browser: Any, path: Path, *, width: int = 1280, at: str = "") -> tuple[Any, list[str]]:
    """The page as people see it, and what it complains of or asks for, which grows while it is used."""
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.set_default_timeout(PATIENCE)
    told: list[str] = []
    page.on("console", lambda message: told.extend([message.text] if message.type == "error" else []))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.extend([request.url] if request.url.startswith("http") else []))
    page.goto(path.as_uri() + at)
    return page, told
