"""What is said of versions is said alike wherever it stands: of featherbone, of Python, of what checks the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import featherbone

HOUSE = Path(__file__).parents[2]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = (HOUSE / ".github/workflows/test.yml").read_text(encoding="utf-8")
PYTHON = "Programming Language :: Python :: "


def tried_pythons() -> list[str]:
    (line,) = re.findall(r"^ +python: \[(.+)\]$", WORKFLOW, flags=re.MULTILINE)
    return [version.strip(' "') for version in line.split(",")]


def test_featherbone_has_one_version() -> None:
    (cited,) = re.findall(r"^version: (\S+)$", (HOUSE / "CITATION.cff").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert featherbone.__version__ == PROJECT["version"] == cited
    assert featherbone.__version__ in (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")


def test_only_pythons_that_are_tried_are_promised() -> None:
    promised = [name.removeprefix(PYTHON) for name in PROJECT["classifiers"] if re.match(PYTHON + r"3\.\d", name)]
    assert promised
    assert set(promised) <= set(tried_pythons())
    assert PROJECT["requires-python"] == f">={tried_pythons()[0]}"
    minor = tried_pythons()[0].split(".")[1]
    assert f"sys.version_info < (3, {minor})" in (HOUSE / "Makefile").read_text(encoding="utf-8")
    assert f"Python {tried_pythons()[0]} or newer" in (HOUSE / "README.md").read_text(encoding="utf-8")


def test_the_workflow_runs_what_people_run() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    called = set(re.findall(r"run: make ([a-z-]+)$", WORKFLOW, flags=re.MULTILINE))
    assert {"lint", "test", "test-docs", "coverage"} <= called <= targets


def test_every_dependency_is_pinned_and_explained() -> None:
    pins = (HOUSE / "constraints.txt").read_text(encoding="utf-8")
    pinned = {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", pins, flags=re.MULTILINE)}
    explained = normal((HOUSE / "docs/dependencies.md").read_text(encoding="utf-8"))
    wanted = [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
    names = {normal(re.split(r"[>=<~\[; ]", each)[0]) for each in wanted}
    assert names - pinned <= {"huggingface-hub"}  # asks the hub in no test
    assert {name for name in names if name.replace("-", "") not in explained.replace("-", "")} == set()


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "")
