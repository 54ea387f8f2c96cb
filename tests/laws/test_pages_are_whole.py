"""What people read is whole: no character was broken on its way, and every link of a page leads somewhere."""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from featherbone.graph.operators import VOCABULARY

HOUSE = Path(__file__).parents[2]
PAGES = sorted([*HOUSE.glob("*.md"), *HOUSE.glob("docs/*.md")])
ENDINGS = {".py", ".md", ".toml", ".cff", ".yml", ".yaml", ".txt", ".html", ".css", ".js", ".cpp", ".h", ".json"}
ROOMS = ("featherbone", "tests", "docs", "benchmarks", ".github")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
# UTF-8 that was read as Latin-1: a letter of the two-byte sequences' beginnings, then a control character or a sign.
BROKEN = re.compile("[\u00c2\u00c3\u00e2][\u0080-\u00bf\u20ac]")


def texts() -> Iterator[Path]:
    yield from (path for path in HOUSE.iterdir() if path.suffix in ENDINGS)
    for room in ROOMS:
        yield from (path for path in (HOUSE / room).rglob("*") if path.suffix in ENDINGS and path.is_file())


def broken(text: str) -> list[str]:
    """What is no text that anyone wrote: control characters, the replacement character, UTF-8 read as Latin-1."""
    controls = {each for each in set(text) - set("\n\t\r") if unicodedata.category(each) == "Cc" or each == "\ufffd"}
    return sorted(controls | set(BROKEN.findall(text)))


def test_no_character_is_broken() -> None:
    found = {str(path.relative_to(HOUSE)): broken(path.read_text(encoding="utf-8")) for path in texts()}
    assert len(found) > 300
    assert {path: signs for path, signs in found.items() if signs} == {}


@pytest.mark.parametrize("text", ["32×32".encode().decode("latin-1"), "é".encode().decode("latin-1"), "a\ufffdb"])
def test_broken_characters_are_seen(text: str) -> None:
    assert broken(text)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        assert not anchor or anchor in anchors(target), (
            f"{page.name} links to {link}: {target.name} has no such heading"
        )


PLACE = re.compile(r"`((?:featherbone|benchmarks|tests|docs)/[\w./-]+)`")
NAME = re.compile(r"`(featherbone(?:\.\w+)+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_name_that_a_page_mentions_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for place in (found for found in PLACE.findall(text) if "NAME" not in found):  # NAME is yet to be added
        assert (HOUSE / place).exists(), f"{page.name} mentions {place}, which is not there"
    for name in NAME.findall(text):
        assert resolves(name), f"{page.name} mentions {name}, which is not there"


def resolves(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        return bool(importlib.import_module(name))
    except ImportError:
        home, _, last = name.rpartition(".")
        return "." in name and hasattr(importlib.import_module(home), last)


@pytest.mark.parametrize("page", [path for path in PAGES if path.parent.name == "docs"], ids=lambda page: page.name)
def test_readme_leads_to_every_page(page: Path) -> None:
    assert f"(docs/{page.name}" in (HOUSE / "README.md").read_text(encoding="utf-8")


def test_the_architecture_has_every_room() -> None:
    """Each folder of the package is named, and each file and folder that is named is there."""
    page, package = (HOUSE / "docs/architecture.md").read_text(encoding="utf-8"), HOUSE / "featherbone"
    named = {word.rstrip("/") for word in re.findall(r"`([\w/]+(?:/|\.(?:py|csv)))`", page)}
    rooms = {path.parent.relative_to(package).as_posix() for path in package.rglob("__init__.py")} - {"."}
    assert rooms <= named, f"docs/architecture.md does not name {sorted(rooms - named)}"
    gone = {name for name in named if not (package / name).exists() and not (HOUSE / name).exists()}
    assert not gone, f"docs/architecture.md names {sorted(gone)}, which are not there"


@pytest.mark.parametrize("kind", VOCABULARY)
def test_the_page_on_graphs_has_every_operator_with_its_settings(kind: str) -> None:
    rows = [line.split(" | ") for line in (HOUSE / "docs/graph.md").read_text(encoding="utf-8").splitlines()]
    (settings,) = [row[2] for row in rows if len(row) == 3 and f"`{kind}`" in row[1]]
    assert {each.name for each in fields(VOCABULARY[kind])} <= set(re.findall(r"\w+", settings))
