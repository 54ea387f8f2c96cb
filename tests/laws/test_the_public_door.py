"""The page on the API names what is public, all of it and nothing else, and each name says what it is."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import featherbone

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
TITLES = re.findall(r"^## (featherbone\S*)$", PAGE, flags=re.MULTILINE)
PACKAGES = [title for title in TITLES if "." in title]
# What trains, measures or fetches for seconds, and what only such a call gives: its example is code that is not run.
TAKES_LONG = {
    "ExportedNetwork",
    "Latency",
    "LatencyModel",
    "Profile",
    "Run",
    "carry_out",
    "check_firmware",
    "download",
    "export_model",
    "fetch",
    "fit",
    "measure",
    "measure_limits",
    "profile",
    "prune",
    "quantize_model",
    "read_run",
    "run_export",
    "run_fit",
    "run_pack",
    "run_prune",
    "run_quantize",
    "run_train",
    "search",
    "time_onnx",
    "train_network",
    "with_script",
    "write_explorer",
    "write_report",
}
PRIVATE = {"cli", "kernels", "latency"}  # the command is public by its options; the others serve those above them


def section(title: str) -> str:
    return re.split(r"^## ", PAGE.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def test_every_package_has_a_section() -> None:
    home = Path(featherbone.__file__).parent
    found = {folder.parent.name for folder in home.glob("*/__init__.py")} - PRIVATE
    assert {title.split(".")[1] for title in PACKAGES} == found


def test_every_name_of_featherbone_has_a_line_that_runs() -> None:
    lines = [line for line in section("featherbone").splitlines() if line.startswith((">>> ", "... "))]
    shown = set(re.findall(r"\bfb\.(\w+)", "\n".join(lines)))
    assert shown == set(featherbone.__all__)


@pytest.mark.parametrize("title", PACKAGES)
def test_every_public_name_of_a_package_is_named(title: str) -> None:
    words = re.findall(r"`(\w+)`", section(title))
    assert {word for word in words if not word.startswith("torch")} == set(importlib.import_module(title).__all__)


@pytest.mark.parametrize("title", TITLES)
def test_every_public_name_is_there_and_says_what_it_is(title: str) -> None:
    package = importlib.import_module(title)
    assert package.__doc__
    for name in package.__all__:
        value = getattr(package, name)
        if callable(value) and getattr(value, "__module__", "").startswith("featherbone"):
            assert value.__doc__, f"{title}.{name} has no docstring"
            assert not value.__doc__.startswith(f"{name}("), f"{title}.{name} has only the docstring of dataclasses"
            shown = "\n    >>> " in value.__doc__ or (name in TAKES_LONG and "\n\n        " in value.__doc__)
            assert shown, f"{title}.{name} has no example"
