"""The costs that the kept results state beside a design are those that the code counts: no number is mistyped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from featherbone.cost import count
from featherbone.search.space.design_graph import candidate_graph

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
STATED = re.compile(
    r"^(r\d+ \| [^:(]+): ([\d,]+) multiply-adds, ([\d,]+) parameters|(r\d+ \| [^(']+) \(([\d,]+), ([\d,]+)\)"
)


def stated() -> set[tuple[str, str, str]]:
    """Each design of a search on CIFAR-10 with its multiply-adds and parameters, as written."""
    lines = [line for file in sorted(RESULTS.glob("*.txt")) for line in file.read_text().splitlines()]
    found = [[part for part in match.groups() if part] for line in lines if (match := STATED.search(line))]
    return {(design, macs, params) for design, macs, params in found}


@pytest.mark.parametrize(("design", "macs", "params"), sorted(stated()))
def test_a_design_costs_what_the_results_say(design: str, macs: str, params: str) -> None:
    counted = count(candidate_graph(design, classes=10, channels=3))
    assert (f"{counted.macs:,}", f"{counted.params:,}") == (macs, params)


def test_there_are_designs_to_check() -> None:
    assert len(stated()) > 15
